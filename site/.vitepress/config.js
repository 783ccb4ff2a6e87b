import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitepress';
import { slugOf } from '../../tools/markdown.js';
import { documentation } from '../markdown.js';
import { englishAlone, REPOSITORY, sidebar } from '../sidebar.js';
import { chinese, english } from '../words.js';

const base = process.env['DOCS_BASE'] ?? '/';

/** Words of Chinese and English. It goes to the browser as text, so nothing outside of it may be used. */
function tokenize(text) {
  const words = new Intl.Segmenter('zh', { granularity: 'word' }).segment(text);
  return Array.from(words).flatMap(({ segment, isWordLike }) => (isWordLike ? segment.toLowerCase() : []));
}

/** The same page in the other language; from a page that is in English alone, the other one's home. Goes to the browser, too. */
function twinOf(data, route, locale) {
  const page = route.data.relativePath.replace(/^zh\//, '');
  const isAlone = /^(?:reference\/|decisions\/|benchmarks|as-published)/.test(page);
  const path = page.replace(/(^|\/)index\.md$/, '$1').replace(/\.md$/, '.html');
  return (locale === 'zh' ? '/zh/' : '/') + (isAlone && locale === 'zh' ? '' : path) + route.hash;
}

const docs = fileURLToPath(new URL('../../docs', import.meta.url));

/** The pages lie outside of this folder, and their imports are installed in it. */
const resolveFromHere = {
  name: 'resolve-from-the-site',
  enforce: 'pre',
  resolveId(source, importer, options) {
    if (!/^vue(?:\/|$)/.test(source) || !importer?.startsWith(docs)) return null;
    return this.resolve(source, fileURLToPath(import.meta.url), { ...options, skipSelf: true });
  },
};

export default defineConfig({
  srcDir: docs,
  outDir: fileURLToPath(new URL('../dist', import.meta.url)),
  srcExclude: ['zh/README.md'],
  base,
  title: 'WeChat Pay for Node.js',
  rewrites: {
    'runbook/README.md': 'runbook/index.md',
    'zh/runbook/README.md': 'zh/runbook/index.md',
  },
  head: [['link', { rel: 'icon', type: 'image/svg+xml', href: `${base}icon.svg` }]],
  vite: {
    publicDir: fileURLToPath(new URL('../public', import.meta.url)),
    plugins: [resolveFromHere],
    build: { chunkSizeWarningLimit: 4000 },
  },
  markdown: {
    anchor: { slugify: slugOf },
    config: documentation,
  },
  locales: {
    root: {
      label: 'English',
      lang: 'en',
      description: english.description,
      themeConfig: { ...english.theme, nav: english.nav, sidebar: { '/': sidebar('en'), ...englishAlone() } },
    },
    zh: {
      label: '简体中文',
      lang: 'zh-CN',
      description: chinese.description,
      themeConfig: { ...chinese.theme, nav: chinese.nav, sidebar: { '/zh/': sidebar('zh') } },
    },
  },
  themeConfig: {
    siteTitle: 'WeChat Pay Node.js',
    i18nRouting: twinOf,
    socialLinks: [{ icon: 'github', link: REPOSITORY }],
    search: {
      provider: 'local',
      options: {
        locales: { zh: { translations: chinese.search } },
        miniSearch: {
          options: { tokenize },
          searchOptions: { fuzzy: false, prefix: true, boost: { title: 4, text: 2, titles: 1 } },
        },
      },
    },
  },
});
