// How a page of docs/, which GitHub shows as it is, becomes a page of the site.
import { existsSync, statSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { REPOSITORY } from './sidebar.js';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Links that lead out of docs/ go to the repository: a package, the example, a source. */
function repositoryLink(page, link) {
  if (/^(?:[a-z]+:|#|\/)/i.test(link)) return undefined;
  const [path = '', anchor] = link.split('#');
  const file = posix.join('docs', posix.dirname(page), path);
  const isFolder = existsSync(root + file) && statSync(root + file).isDirectory();
  if (file.startsWith('docs/') && !isFolder) return undefined;
  return `${REPOSITORY}/${isFolder ? 'tree' : 'blob'}/main/${file}${anchor === undefined ? '' : `#${anchor}`}`;
}

/** `## <a id="anchor"></a>Text` has that anchor, and no link in its text. */
function takeAnchors({ tokens }) {
  tokens.forEach((token, index) => {
    const children = tokens[index + 1]?.children;
    if (token.type !== 'heading_open' || !children) return;
    const [, anchor] = /^<a id="([^"]+)">$/.exec(children[0]?.content ?? '') ?? [];
    if (anchor === undefined) return;
    token.attrSet('id', anchor);
    children.splice(0, 2);
  });
}

function leadOut({ tokens, env }) {
  const page = env.relativePath ?? '';
  for (const child of tokens.flatMap(({ children }) => children ?? [])) {
    if (child.type !== 'link_open') continue;
    const link = child.attrGet('href') ?? '';
    child.attrSet('href', repositoryLink(page, link) ?? link.replace(/(^|\/)README\.md/, '$1index.md'));
  }
}

export function documentation(md) {
  md.core.ruler.before('anchor', 'take-anchors', takeAnchors);
  md.core.ruler.push('lead-out', leadOut);
  const { fence } = md.renderer.rules;
  md.renderer.rules.fence = (...rest) => {
    const [tokens, index] = rest;
    const { info, content } = tokens[index];
    return info.trim() === 'mermaid' ? `<Drawing code="${encodeURIComponent(content)}" />` : fence(...rest);
  };
}
