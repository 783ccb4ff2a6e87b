import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { anchorsOf, linksOf, sectionsOf } from '../../tools/markdown.js';
import { sourceFiles } from '../../tools/source-files.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const pages = sourceFiles(root).filter((file) => file.endsWith('.md'));

function isDead(page: string, link: string): boolean {
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? page : join(dirname(page), path);
  if (!existsSync(target)) return true;
  return anchor !== undefined && !anchorsOf(target).includes(anchor);
}

it.each(pages)('every link of %s leads to a file, and to a heading of it', (page) => {
  const path = join(root, page);
  const links = sectionsOf(readFileSync(path, 'utf8')).flatMap(({ heading, prose }) => linksOf(`${heading}\n${prose}`));
  const ours = links.filter((link) => !/^[a-z]+:/.test(link));
  expect(ours.filter((link) => isDead(path, link))).toEqual([]);
});
