import { cpSync, mkdirSync, mkdtempSync } from 'node:fs';
import { basename, join } from 'node:path';
import { inject } from 'vitest';
import { run } from './run.js';

/** What a Dockerfile has made, where there is no Docker: a folder, as an image's root is one, and what stands beside it. */
export interface Image {
  readonly root: string;
  readonly workdir: string;
  readonly env: Readonly<Record<string, string>>;
  readonly command: readonly string[];
}

/**
 * Does what each step of a Dockerfile says, in folders in place of images. Base images are empty, users are nobody's, and `RUN` runs here.
 *
 * @returns the image, and those of the stages that have a name: a compose file may run one of them (`target`).
 * @throws {Error} an instruction that it does not know, or a step that fails.
 */
export async function build(
  dockerfile: string,
  context: string,
): Promise<{ image: Image; stages: ReadonlyMap<string, Image> }> {
  const stages = new Map<string, Image>();
  let image: Image | undefined;
  for (const line of dockerfile.split('\n').filter((text) => text !== '' && !text.startsWith('#'))) {
    const [instruction = '', ...words] = line.split(' ');
    const rest = words.join(' ');
    if (instruction === 'FROM') {
      image = { root: mkdtempSync(join(inject('outside'), 'image-')), workdir: '/', env: {}, command: [] };
      if (words[1] === 'AS') stages.set(words[2] ?? '', image);
      continue;
    }
    if (!image) throw new Error('A Dockerfile begins with FROM.');
    const current: Image = image;
    const inside = (path: string): string => join(current.root, path.startsWith('/') ? '' : current.workdir, path);
    switch (instruction) {
      case 'WORKDIR':
        Object.assign(image, { workdir: rest });
        mkdirSync(inside('.'), { recursive: true });
        break;
      case 'ENV':
        Object.assign(image.env, Object.fromEntries([rest.split('=')]));
        break;
      case 'COPY': {
        const [, stage] = /^--from=(\S+) /.exec(rest) ?? [];
        const from = stage === undefined ? undefined : stages.get(stage);
        const paths = from ? words.slice(1) : words;
        const to = paths.pop() ?? '';
        for (const path of paths) {
          const source = from ? join(from.root, path.startsWith('/') ? '' : from.workdir, path) : join(context, path);
          const target = to.endsWith('/') ? join(inside(to), basename(path)) : inside(to);
          cpSync(source, target, { recursive: true });
        }
        break;
      }
      case 'RUN': {
        const variables = Object.entries(image.env).map(([name, value]) => `${name}=${value}`);
        const { code, output } = await run(inside('.'), 'env', ...variables, 'sh', '-c', rest);
        if (code !== 0) throw new Error(`${line} ended with ${code}:\n${output}`);
        break;
      }
      case 'CMD':
        Object.assign(image, { command: JSON.parse(rest) as string[] });
        break;
      case 'USER':
        break;
      default:
        throw new Error(`${instruction} is not known here.`);
    }
  }
  if (!image) throw new Error('A Dockerfile begins with FROM.');
  return { image, stages };
}
