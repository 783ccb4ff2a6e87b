// What the checks of the documentation read in a page.
import { readFileSync } from 'node:fs';

const HEADING = /^(#{1,6}) +(?:<a id="([^"]+)"><\/a>)?(.+?)\s*$/;

/** The anchor that GitHub gives a heading. */
export function slugOf(heading) {
  const text = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
  return text.replaceAll(/[^\p{L}\p{N}\s_-]/gu, '').replaceAll(/\s/g, '-');
}

/**
 * A page by its headings. The first part is what stands before the first heading.
 *
 * A heading may begin with an anchor of its own, `## <a id="anchor"></a>Text`: translated pages have the anchors of the English ones.
 *
 * @param {string} text
 * @returns {{ level: number, heading: string, anchor: string, own: string | undefined, blocks: { language: string, code: string }[], prose: string }[]}
 */
export function sectionsOf(text) {
  const sections = [{ level: 0, heading: '', anchor: '', own: undefined, blocks: [], prose: '' }];
  const seen = new Map();
  let block;
  let fence = '';
  for (const line of text.split('\n')) {
    const section = sections.at(-1);
    const [, open = ''] = /^\s*(`{3,}|~{3,})/.exec(line) ?? [];
    if (block) {
      if (open === fence) block = undefined;
      else block.code += `${line}\n`;
    } else if (open) {
      fence = open;
      block = { language: line.trim().slice(open.length).trim(), code: '' };
      section.blocks.push(block);
    } else {
      const [, hashes, own, heading = ''] = HEADING.exec(line) ?? [];
      if (hashes) {
        const slug = slugOf(heading);
        const count = seen.get(slug) ?? 0;
        seen.set(slug, count + 1);
        const anchor = own ?? (count === 0 ? slug : `${slug}-${count}`);
        sections.push({ level: hashes.length, heading, anchor, own, blocks: [], prose: '' });
      } else section.prose += `${line}\n`;
    }
  }
  return sections;
}

/** @returns {string[]} every anchor that a link may lead to */
export const anchorsOf = (path) =>
  sectionsOf(readFileSync(path, 'utf8')).flatMap(({ anchor, own }) => [anchor, ...(own ? [own] : [])]);

/** @returns {string[]} the targets of a text's links, in its order */
export const linksOf = (prose) => [...prose.matchAll(/\]\(([^)\s]+)[^)]*\)/g)].map(([, link = '']) => link);
