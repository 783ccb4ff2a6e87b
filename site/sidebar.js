// The order of the pages. A title is the page's first heading, so that it stands once.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const REPOSITORY = 'https://github.com/your-organisation/wechatpay';

const docs = fileURLToPath(new URL('../docs/', import.meta.url));

/** Pages by group; those without a folder stand in guides/. */
const GROUPS = [
  { en: 'Start', zh: '入门', pages: ['quick-start', 'what-you-need', 'how-it-works', 'till-in-pictures', '/glossary'] },
  {
    en: 'Payments',
    zh: '支付',
    pages: [
      'taking-a-payment',
      'other-products',
      'resolving-an-order',
      'reversing-an-order',
      'refunds',
      'statement',
      'reconciling',
      'errors',
    ],
  },
  {
    en: 'Durable orders',
    zh: '持久化订单',
    pages: [
      'durable-orders',
      'durable-operating',
      'durable-failures',
      'durable-stores',
      'durable-on-redis',
      'durable-refunds',
      'durable-transactions',
      'durable-capacity',
    ],
  },
  { en: 'Your framework', zh: '您的框架', pages: ['nestjs', 'express', 'fastify', 'scripts', 'workers'] },
  {
    en: 'Settings and deployment',
    zh: '配置与部署',
    pages: ['connecting', 'many-merchants', 'under-load', 'bundlers-and-containers', 'production-checklist'],
  },
  { en: 'Testing', zh: '测试', pages: ['testing', 'testing-with-the-sandbox', 'testing-with-nestjs'] },
  {
    en: 'Operation',
    zh: '运维',
    pages: ['troubleshooting', 'observing', 'doctor', 'command-line', 'at-two-in-the-morning', '/runbook/'],
  },
  { en: 'Changing to it', zh: '迁移', pages: ['from-tenpay', 'from-wechatpay-axios-plugin', 'from-wxjava'] },
  {
    en: 'What it holds to',
    zh: '承诺与依据',
    pages: [
      'security-model',
      'versioning',
      'not-covered',
      '/closed-loop',
      '/resolution-table',
      '/refund-table',
      '/revoke-order',
      '/unified-order',
      '/hardening',
    ],
  },
];

/** For who wants to know why, or how fast: in English alone. */
const ENGLISH_ALONE = [
  { text: 'Decisions', link: '/decisions/0001-one-esm-build' },
  { text: 'Benchmarks', link: '/benchmarks' },
  { text: 'Benchmarks of durable orders', link: '/benchmarks-durable' },
  { text: 'The packages as published', link: '/as-published' },
];

const pathOf = (page) => (page.startsWith('/') ? page.slice(1) : `guides/${page}`);
const fileOf = (path) => docs + (path.endsWith('/') ? `${path}README.md` : `${path}.md`);

function titleOf(file) {
  const [, title = ''] = /^# (.+)$/m.exec(readFileSync(file, 'utf8')) ?? [];
  return title.replaceAll('`', '');
}

/** Every page of the sidebar, by its path from docs/, without an ending. */
export const pages = GROUPS.flatMap((group) => group.pages.map(pathOf));

/** @param {'en' | 'zh'} language */
export function sidebar(language) {
  const prefix = language === 'zh' ? 'zh/' : '';
  const groups = GROUPS.map((group, index) => ({
    text: group[language],
    collapsed: index > 1,
    items: group.pages
      .map((page) => prefix + pathOf(page))
      .filter((path) => existsSync(fileOf(path)))
      .map((path) => ({ text: titleOf(fileOf(path)), link: `/${path}` })),
  }));
  const last =
    language === 'zh' ? { text: '仅有英文', collapsed: true } : { text: 'Why, and how fast', collapsed: true };
  return [...groups, { ...last, items: ENGLISH_ALONE }];
}

/** Files of a folder of the reference, and its folders, as items. */
function reference(folder, link) {
  const entries = readdirSync(folder, { withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory());
  const names = entries.flatMap(({ name }) => (name.endsWith('.md') && name !== 'index.md' ? [name.slice(0, -3)] : []));
  return [
    ...names.map((name) => ({ text: name, link: `${link}${name}` })),
    ...folders.map(({ name }) => {
      const hasIndex = existsSync(`${folder}/${name}/index.md`);
      const items = reference(`${folder}/${name}`, `${link}${name}/`);
      return { text: name, collapsed: true, items, ...(hasIndex && { link: `${link}${name}/` }) };
    }),
  ];
}

/** The sidebars of what is in English alone. */
export function englishAlone() {
  const decisions = readdirSync(`${docs}decisions`).sort();
  const items = decisions.map((file) => ({
    text: titleOf(`${docs}decisions/${file}`),
    link: `/decisions/${file.replace('.md', '')}`,
  }));
  return {
    '/reference/': existsSync(`${docs}reference`) ? reference(`${docs}reference`, '/reference/') : [],
    '/decisions/': [{ text: 'Decisions', items }],
  };
}
