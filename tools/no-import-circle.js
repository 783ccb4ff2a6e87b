import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import ts from 'typescript';

// The rules of the import plugins pass over types; a circle of types ties two files together just as firmly.

/** @type {Map<string, { mtimeMs: number, imports: string[] }>} */
const read = new Map();

/** An ESLint rule: no file imports itself by way of other files. Types and dynamic imports count. */
export default {
  meta: {
    type: 'problem',
    schema: [],
    messages: { circle: 'Import circle: {{path}}. Move what both sides need to a file of its own.' },
  },
  create(context) {
    const file = context.filename;
    /** What was found not to lead back here: most imports of a file lead to the same ones. */
    const elsewhere = new Set();
    const check = ({ source }) => {
      if (typeof source?.value !== 'string') return;
      const target = resolve(file, source.value);
      const path = target && pathBetween(target, file, elsewhere);
      if (path) context.report({ node: source, messageId: 'circle', data: { path: describe([file, ...path]) } });
    };
    return {
      ImportDeclaration: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
      ImportExpression: check,
      TSImportType: check,
    };
  },
};

/** The shortest way from one file to another along imports, both included. Where there is none, what was seen is added to `elsewhere`. */
function pathBetween(from, to, elsewhere) {
  if (elsewhere.has(from)) return undefined;
  const cameFrom = new Map([[from, undefined]]);
  for (const file of cameFrom.keys()) {
    if (file === to) {
      const path = [];
      for (let step = to; step !== undefined; step = cameFrom.get(step)) path.unshift(step);
      return path;
    }
    for (const next of importsOf(file)) if (!cameFrom.has(next) && !elsewhere.has(next)) cameFrom.set(next, file);
  }
  for (const file of cameFrom.keys()) elsewhere.add(file);
  return undefined;
}

function importsOf(file) {
  const { mtimeMs } = statSync(file);
  const known = read.get(file);
  if (known?.mtimeMs === mtimeMs) return known.imports;
  const { importedFiles } = ts.preProcessFile(readFileSync(file, 'utf8'));
  const imports = importedFiles.map(({ fileName }) => resolve(file, fileName)).filter((path) => path !== undefined);
  read.set(file, { mtimeMs, imports });
  return imports;
}

/** The source file behind a relative import; undefined for a package. */
function resolve(file, specifier) {
  if (!specifier.startsWith('.')) return undefined;
  const path = join(dirname(file), specifier);
  return [path.replace(/\.([cm]?)js$/, '.$1ts'), path].find((candidate) => existsSync(candidate));
}

function describe(path) {
  return path.map((file) => relative(process.cwd(), file)).join(' → ');
}
