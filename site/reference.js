// The reference of every public symbol, from the sources, into docs/reference: a page for each, by package and kind.
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Application, Converter } from 'typedoc';
import { REPOSITORY } from './sidebar.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const out = join(root, 'docs', 'reference');

/** What may be imported, and its source: as TypeScript resolves it everywhere in this repository. */
const { paths } = JSON.parse(readFileSync(join(root, 'tsconfig.base.json'), 'utf8')).compilerOptions;
const nameOf = new Map(Object.entries(paths).map(([name, [file]]) => [join(root, file), name]));

const application = await Application.bootstrapWithPlugins({
  plugin: ['typedoc-plugin-markdown'],
  entryPoints: [...nameOf.keys()],
  tsconfig: join(root, 'tsconfig.base.json'),
  skipErrorChecking: true,
  name: 'Reference',
  readme: 'none',
  out,
  router: 'member',
  entryFileName: 'index',
  excludeInternal: true,
  excludePrivate: true,
  disableGit: true,
  sourceLinkTemplate: `${REPOSITORY}/blob/main/{path}#L{line}`,
  basePath: root,
  hidePageHeader: true,
  hideBreadcrumbs: false,
  useHTMLAnchors: true,
  useHTMLEncodedBrackets: true,
  sanitizeComments: true,
  parametersFormat: 'table',
  interfacePropertiesFormat: 'list',
  logLevel: 'Error',
});

application.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
  for (const module of project.children ?? []) {
    const file = module.sources?.[0]?.fullFileName;
    module.name = nameOf.get(file) ?? module.name;
  }
});

const project = await application.convert();
if (!project) process.exit(1);
rmSync(out, { recursive: true, force: true });
await application.generateOutputs(project);
console.log(`The reference of ${project.children?.length ?? 0} entry points stands in docs/reference.`);
