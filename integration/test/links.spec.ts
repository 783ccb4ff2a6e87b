import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { sourceFiles } from '../../tools/source-files.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const pages = sourceFiles(root).filter((file) => file.endsWith('.md'));

const proseOf = (path: string): string => readFileSync(path, 'utf8').replaceAll(/^```[\s\S]*?^```/gm, '');

/** The anchor that GitHub gives a heading. */
function anchorOf(heading: string): string {
  const text = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
  return text.replaceAll(/[^\p{L}\p{N}\s_-]/gu, '').replaceAll(/\s/g, '-');
}

function isDead(page: string, link: string): boolean {
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? page : join(dirname(page), path);
  if (!existsSync(target)) return true;
  const headings = anchor === undefined ? [] : [...proseOf(target).matchAll(/^#+ (.+?)\s*$/gm)];
  return anchor !== undefined && !headings.some(([, heading = '']) => anchorOf(heading) === anchor);
}

it.each(pages)('every link of %s leads to a file, and to a heading of it', (page) => {
  const path = join(root, page);
  const links = [...proseOf(path).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
  const ours = links.filter((link) => !/^[a-z]+:/.test(link));
  expect(ours.filter((link) => isDead(path, link))).toEqual([]);
});
