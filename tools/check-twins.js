// Every page of the documentation has a Chinese twin in docs/zh, and both say the same: headings, code, tables, links.
// `npm run lint` runs it. `node tools/check-twins.js --fix [pages]` writes anchors and the targets of links into Chinese pages.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, posix, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { linksOf, sectionsOf } from './markdown.js';
import { sourceFiles } from './source-files.js';

/** In English alone: measured, generated, or for who changes the library. */
const ENGLISH_ALONE = /^docs\/(?:decisions(?:\/|$)|benchmarks|as-published\.md)/;

/** What is a comment, by language. The first group is kept. */
const COMMENTS = [
  [/^(?:ts|js|json5?|jsonc|java|php)$/, /(^|\s)\/\/.*$/gm],
  [/^(?:ts|js|java|php)$/, /()\/\*[\s\S]*?\*\//g],
  [/^(?:sh|bash|dockerfile|yaml|yml|ini|toml|conf|promql)$/, /(^|\s)#.*$/gm],
  [/^sql$/, /(^|\s)--.*$/gm],
  [/^(?:html|xml)$/, /()<!--[\s\S]*?-->/g],
];

const isTranslated = (path) => /^docs\/(?!zh\/)/.test(path) && !ENGLISH_ALONE.test(path);
/** The README of the repository has its twin in docs/zh, too. Links between the two are their own affair. */
const README = 'README.md';
const twinOf = (path) => (path === README ? `docs/zh/${README}` : path.replace(/^docs\//, 'docs/zh/'));

/** Code without its comments. Of a drawing, whose words are translated, how many lines it has. */
function essenceOf({ language, code }) {
  if (language === 'mermaid') return `${code.split('\n').length} lines`;
  const bare = COMMENTS.reduce((rest, [languages, comment]) => {
    return languages.test(language) ? rest.replaceAll(comment, '$1') : rest;
  }, code);
  return bare
    .split('\n')
    .map((line) => line.replaceAll(/\s+/g, ' ').trim())
    .filter((line) => line !== '')
    .join('\n');
}

/** Columns and rows of each table, as in `3 x 7`. */
function tablesOf(prose) {
  const groups = prose.split(/\n(?!\s*\|)/).map((part) => part.split('\n').filter((line) => /^\s*\|/.test(line)));
  return groups
    .filter((rows) => rows.length > 1)
    .map((rows) => `${rows[0].replaceAll('\\|', '').split('|').length - 2} columns x ${rows.length - 2} rows`);
}

/** Where a link of a page leads to, from the root; what is no file of ours is left as it is. */
function targetOf(page, link) {
  if (/^[a-z]+:/i.test(link)) return link;
  const [path = '', anchor] = link.split('#');
  const file = path === '' ? page : posix.normalize(posix.join(posix.dirname(page), path));
  return anchor === undefined ? file : `${file}#${anchor}`;
}

const translated = (target) => (isTranslated(target) ? twinOf(target) : target);
const named = ({ heading }) => (heading === '' ? 'before the first heading' : `under "${heading}"`);

function difference(what, mine, theirs) {
  const more = mine.filter((one) => !theirs.includes(one));
  const less = theirs.filter((one) => !mine.includes(one));
  if (mine.length === theirs.length && more.length + less.length === 0) return [];
  const parts = [
    ...less.map((one) => `lacks ${one}`),
    ...more.map((one) => `has ${one} too many`),
    ...(more.length + less.length === 0 ? [`has ${mine.length}, the English page ${theirs.length}`] : []),
  ];
  return [`${what}: ${parts.join('; ')}.`];
}

/**
 * What differs between a page and its Chinese twin, as lines to print.
 *
 * @param {string} page the English one's path from the root, with slashes
 * @param {string} english
 * @param {string} chinese
 * @returns {string[]}
 */
export function compareTwins(page, english, chinese) {
  const twin = twinOf(page);
  const [ours, theirs] = [sectionsOf(english), sectionsOf(chinese)];
  const odd = ours.findIndex((section, index) => section.level !== theirs[index]?.level);
  if (odd !== -1 || ours.length !== theirs.length) {
    const at = odd === -1 ? ours.length : odd;
    const shown = (section) =>
      section ? `"${'#'.repeat(section.level)} ${section.heading}"` : 'nothing: the page ends there';
    return [
      `${twin}: heading ${at} should be the twin of ${shown(ours[at])}, and is ${shown(theirs[at])}. Give both pages the same headings, in the same order.`,
    ];
  }
  return ours.flatMap((section, index) => {
    const other = theirs[index];
    const problems = [];
    if (section.level > 1 && other.own !== section.anchor)
      problems.push(
        `its anchor should be <a id="${section.anchor}"></a>, in front of the heading's text. Run with --fix.`,
      );
    const [code, otherCode] = [section.blocks, other.blocks].map((blocks) => blocks.map(essenceOf));
    if (code.length !== otherCode.length)
      problems.push(`it has ${otherCode.length} blocks of code, the English page ${code.length}.`);
    else
      code.forEach((block, at) => {
        const [lines, otherLines] = [block.split('\n'), otherCode[at].split('\n')];
        const line = lines.findIndex((text, nth) => text !== otherLines[nth]);
        if (section.blocks[at].language !== other.blocks[at].language)
          problems.push(`block ${at + 1} should be in ${section.blocks[at].language || 'no language'}.`);
        else if (line !== -1 || lines.length !== otherLines.length)
          problems.push(
            `block ${at + 1} differs in more than comments: "${otherLines.at(line) ?? ''}", in English "${lines.at(line) ?? ''}".`,
          );
      });
    const [tables, otherTables] = [tablesOf(section.prose), tablesOf(other.prose)];
    if (tables.join() !== otherTables.join())
      problems.push(
        `its tables are ${otherTables.join(', ') || 'missing'}; in English ${tables.join(', ') || 'there is none'}.`,
      );
    const isElsewhere = (target) => target !== page && target !== twin;
    const links = linksOf(section.prose).map((link) => translated(targetOf(page, link)));
    const otherLinks = linksOf(other.prose).map((link) => targetOf(twin, link));
    problems.push(...difference('links', otherLinks.filter(isElsewhere), links.filter(isElsewhere)));
    return problems.map((problem) => `${twin}, ${named(other)} (${named(section)}): ${problem}`);
  });
}

/** A Chinese page with the anchors of its English twin, and links that were copied from it led to where they should. */
export function repairTwin(page, english, chinese) {
  const twin = twinOf(page);
  const [ours, theirs] = [sectionsOf(english), sectionsOf(chinese)];
  const isAlike = ours.length === theirs.length && ours.every(({ level }, index) => level === theirs[index].level);
  const known = new Set(linksOf(english).map((link) => translated(targetOf(page, link))));
  let index = 0;
  let fence = '';
  const lines = chinese.split('\n').map((line) => {
    const [, open = ''] = /^\s*(`{3,}|~{3,})/.exec(line) ?? [];
    if (open) fence = fence === '' ? open : open === fence ? '' : fence;
    if (open || fence) return line;
    const [, hashes, text] = /^(#{1,6}) +(?:<a id="[^"]+"><\/a>)?(.+?)\s*$/.exec(line) ?? [];
    if (hashes) {
      index += 1;
      return isAlike && hashes.length > 1 ? `${hashes} <a id="${ours[index].anchor}"></a>${text}` : line;
    }
    return line.replaceAll(/\]\(([^)\s]+)([^)]*\))/g, (all, link, rest) => {
      if (known.has(targetOf(twin, link)) || /^[a-z]+:/i.test(link)) return all;
      const target = translated(targetOf(page, link));
      if (!known.has(target)) return all;
      const [path, anchor] = target.split('#');
      const way = path === twin ? '' : posix.relative(posix.dirname(twin), path);
      return `](${way}${anchor === undefined ? '' : `#${anchor}`}${rest}`;
    });
  });
  return lines.join('\n');
}

function main() {
  const root = process.cwd();
  const given = process.argv.slice(2).filter((argument) => argument !== '--fix');
  const asked = new Set(given.map((path) => relative(root, join(root, path)).replaceAll('\\', '/')));
  const files = sourceFiles(join(root, 'docs')).map((file) => `docs/${file}`);
  const isPage = (file) => file.endsWith('.md') && !file.startsWith('docs/zh/') && isTranslated(file);
  const pages = [README, ...files.filter(isPage)];
  const read = (path) => readFileSync(join(root, path), 'utf8');
  const problems = [];
  const missing = [];
  for (const page of pages) {
    const twin = twinOf(page);
    if (asked.size > 0 && !asked.has(twin)) continue;
    if (!existsSync(join(root, twin))) {
      missing.push(`${page} has no Chinese twin. Write ${twin}.`);
      continue;
    }
    if (process.argv.includes('--fix')) writeFileSync(join(root, twin), repairTwin(page, read(page), read(twin)));
    problems.push(...compareTwins(page, read(page), read(twin)));
  }
  const known = new Set(pages.map(twinOf));
  const orphans = files.filter((file) => /^docs\/zh\/.*\.md$/.test(file) && !known.has(file));
  problems.push(
    ...orphans.map((file) => `${file} has no English twin. Write ${file.replace('/zh/', '/')}, or delete it.`),
  );
  for (const problem of [...problems, ...missing]) console.error(problem);
  if (problems.length + missing.length > 0) process.exitCode = 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
