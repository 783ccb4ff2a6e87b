// Every link of the built site leads to a page of it, and to an anchor of that page.
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pages } from './sidebar.js';

const dist = fileURLToPath(new URL('dist', import.meta.url));
const base = process.env['DOCS_BASE'] ?? '/';

const files = readdirSync(dist, { recursive: true })
  .map((file) => String(file).replaceAll('\\', '/'))
  .filter((file) => file.endsWith('.html'));
const read = (file) => readFileSync(join(dist, file), 'utf8');
const anchors = new Map(
  files.map((file) => [file, new Set([...read(file).matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id))]),
);

const decoded = (text) => decodeURIComponent(text.replaceAll('&amp;', '&'));

function problemOf(page, href) {
  const [path = '', anchor = ''] = decoded(href).split('#');
  const target =
    path === ''
      ? page
      : posix.normalize(path.startsWith(base) ? path.slice(base.length) : posix.join(posix.dirname(page), path));
  const file =
    target === '' || target === '.' || target.endsWith('/') ? `${target === '.' ? '' : target}index.html` : target;
  if (!anchors.has(file)) return /\.html?$|\/$|^$/.test(path) ? `leads to no page` : undefined;
  return anchor === '' || anchors.get(file).has(anchor) ? undefined : `has no such anchor`;
}

const problems = files.flatMap((page) => {
  const hrefs = [...read(page).matchAll(/<a [^>]*href="([^"]*)"/g)].map(([, href = '']) => href);
  return [...new Set(hrefs)].flatMap((href) => {
    const problem = /^[a-z]+:/i.test(href) ? undefined : problemOf(page, href);
    return problem === undefined ? [] : [`${page}: ${href} ${problem}.`];
  });
});
const guides = readdirSync(join(dist, 'guides')).map((file) => `guides/${file.replace('.html', '')}`);
problems.push(
  ...guides.filter((page) => !pages.includes(page)).map((page) => `${page} is in no group of site/sidebar.js.`),
);

console.log(`${files.length} pages, ${problems.length} dead links: ${relative(process.cwd(), dist)}`);
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;
