import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { beforeAll, expect, inject, test } from 'vitest';
import { Sandbox } from 'wechatpay-sandbox';
import { tarball } from './pack.js';
import type { Project } from './project.js';
import { run } from './run.js';

/** What a Dockerfile has made, where there is no Docker: a folder, as an image's root is one, and what stands beside it. */
interface Image {
  readonly root: string;
  readonly workdir: string;
  readonly env: Readonly<Record<string, string>>;
  readonly command: readonly string[];
}

/**
 * Does what each step of a Dockerfile says, in folders in place of images. Base images are empty, users are nobody's, and `RUN` runs here.
 *
 * @throws {Error} an instruction that it does not know, or a step that fails.
 */
async function build(dockerfile: string, context: string): Promise<Image> {
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
  return image;
}

interface Service {
  readonly command?: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** The Dockerfile and the compose file of examples/worker. */
export function testContainer(project: () => Project, database: () => Promise<string>): void {
  let image: Image;
  let services: Readonly<Record<string, Service>>;

  beforeAll(async () => {
    const { folder } = project();
    const names = ['wechatpay-core', 'wechatpay-durable', 'wechatpay-sandbox'] as const;
    // What a registry would have: the tarballs of this release.
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Record<
      'dependencies' | 'devDependencies',
      Record<string, string>
    >;
    for (const group of [manifest.dependencies, manifest.devDependencies]) {
      for (const name of names) if (name in group) group[name] = tarball(inject('outside'), name);
    }
    const context = mkdtempSync(join(inject('outside'), 'context-'));
    cpSync(folder, context, { recursive: true });
    writeFileSync(join(context, 'package.json'), JSON.stringify(manifest));
    const lock = ['install', '--package-lock-only', '--no-audit', '--no-fund', '--prefer-offline'];
    expect(await run(context, 'npm', ...lock)).toMatchObject({ code: 0 });
    image = await build(readFileSync(join(context, 'Dockerfile'), 'utf8'), context);

    const { parse } = createRequire(import.meta.url)(project().module('yaml')) as {
      parse: (text: string, options: object) => object;
    };
    const compose = parse(readFileSync(join(folder, 'compose.yaml'), 'utf8'), { merge: true });
    ({ services } = compose as { services: typeof services });
  });

  test('its image has what runs, and nothing of development', () => {
    expect(existsSync(join(image.root, 'app/node_modules/wechatpay-durable'))).toBe(true);
    expect(existsSync(join(image.root, 'app/node_modules/wechatpay-sandbox'))).toBe(false);
    expect(existsSync(join(image.root, 'app/node_modules/typescript'))).toBe(false);
    expect(existsSync(join(image.root, 'app/src'))).toBe(false);
  });

  test('the processes of compose.yaml start in it, charge a customer, and end by SIGTERM', async () => {
    const sandbox = await Sandbox.start();
    const { appId, merchantId, apiKey, certificate, ca, baseUrl } = sandbox.merchant;
    const secret = join(image.root, 'apiclient_cert.p12');
    writeFileSync(secret, certificate.pfx);
    const here = {
      DATABASE_URL: await database(),
      WECHATPAY_PFX: secret,
    };
    // What compose.yaml sets is set, and nothing else but what stands in .env.
    expect(Object.keys(services.web?.environment ?? {}).sort()).toEqual(Object.keys(here).sort());
    const dotEnv = {
      WECHATPAY_APP_ID: appId,
      WECHATPAY_MERCHANT_ID: merchantId,
      WECHATPAY_API_KEY: apiKey,
      WECHATPAY_CA: ca,
      WECHATPAY_BASE_URL: baseUrl,
    };
    const env = { ...image.env, ...dotEnv, ...here, PATH: process.env.PATH, PORT: '0', HEALTH_PORT: '0' };
    const start = async (name: string): Promise<{ line: string; stop: () => Promise<unknown> }> => {
      const [, ...parameters] = services[name]?.command ?? image.command;
      const cwd = join(image.root, image.workdir);
      const child = spawn(process.execPath, parameters, { cwd, env, stdio: ['ignore', 'pipe', 'inherit'] });
      const ended = once(child, 'exit');
      const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
      return { line, stop: () => (child.kill('SIGTERM'), ended) };
    };
    const worker = await start('worker');
    const web = await start('web');
    const { authCode } = sandbox.customers.create({ behaviour: 'pays-at-once' });
    const body = JSON.stringify({ authCode, totalFee: 888, body: 'tea' });
    const response = await fetch(`http://127.0.0.1:${web.line.replace(/\D/g, '')}/orders/D-1/pay`, {
      method: 'POST',
      body,
    });
    expect(await response.json()).toEqual({ outcome: 'paid' });
    expect(await web.stop()).toEqual([0, null]);
    expect(await worker.stop()).toEqual([0, null]);
    await sandbox.stop();
  });

  test('each command of the compose files is a file of the image', () => {
    const text = ['compose.yaml', 'compose.sandbox.yaml'].map((file) =>
      readFileSync(join(project().folder, file), 'utf8'),
    );
    const commands = text.flatMap((file) => [...file.matchAll(/dist\/[\w/]+\.js/g)].map(([path]) => path));
    expect(commands.length).toBeGreaterThan(0);
    for (const path of commands) expect(statSync(join(image.root, 'app', path)).isFile()).toBe(true);
  });
}
