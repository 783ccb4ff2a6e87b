import { readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import ts from 'typescript';

/** The public API of an entry as text, sorted and without comments: where a diff shows a change, the API has changed. */
export interface ApiReport {
  /** As in `package.json`: `.` or `./config`. */
  readonly entry: string;
  readonly text: string;
}

/** Reads the published declarations: what each entry exports, and what those exports lead to, exported or not. */
export function apiReports(folder: string): ApiReport[] {
  const { exports } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
  const entries = Object.entries(exports).flatMap(([entry, target]) =>
    typeof target === 'string' ? [] : [{ entry, file: join(folder, target.types) }],
  );
  const program = ts.createProgram(
    entries.map(({ file }) => file),
    { module: ts.ModuleKind.NodeNext, target: ts.ScriptTarget.ESNext, types: [] },
  );
  return entries.map(({ entry, file }) => ({ entry, text: report(program, file, join(folder, 'dist') + sep) }));
}

interface Manifest {
  readonly exports: Readonly<Record<string, string | { readonly types: string }>>;
}

function report(program: ts.Program, file: string, dist: string): string {
  const checker = program.getTypeChecker();
  const printer = ts.createPrinter({ removeComments: true });
  const original = (symbol: ts.Symbol): ts.Symbol =>
    symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;

  const entry = program.getSourceFile(file);
  const module = entry && checker.getSymbolAtLocation(entry);
  if (!module) throw new Error(`${file} is not a module`);
  const exported = checker.getExportsOfModule(module);
  const names = new Map(exported.map((symbol) => [original(symbol), symbol.name]));
  const texts = new Map<ts.Symbol, string>();
  const imports = new Set<string>();

  const visit = (symbol: ts.Symbol): void => {
    if (texts.has(symbol)) return;
    const declarations = (symbol.declarations ?? []).map(statementOf).filter((node) => node !== undefined);
    texts.set(symbol, '');
    const text = declarations.map((node) => printer.printNode(ts.EmitHint.Unspecified, node, node.getSourceFile()));
    texts.set(symbol, text.join('\n'));
    declarations.forEach(follow);
  };

  // Every name in a declaration: one of this package is visited as well, one of another package is listed as an import.
  const follow = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) {
      const symbol = checker.getSymbolAtLocation(node);
      const specifier = symbol?.declarations?.find(ts.isImportSpecifier);
      const from = specifier?.parent.parent.parent.moduleSpecifier;
      if (from && ts.isStringLiteral(from) && !from.text.startsWith('.')) {
        imports.add(`import { ${(specifier.propertyName ?? specifier.name).text} } from '${from.text}';`);
      } else if (symbol) {
        const target = original(symbol);
        const own = target.declarations?.some((declaration) => declaration.getSourceFile().fileName.startsWith(dist));
        if (own && target.declarations?.some((declaration) => statementOf(declaration) !== undefined)) visit(target);
      }
    }
    ts.forEachChild(node, follow);
  };

  [...names.keys()].forEach(visit);

  const reached = [...texts].map(([symbol, text]) => {
    const name = names.get(symbol);
    const plain = text.replace(/^(export )?(declare )?/gm, '');
    return { name: name ?? symbol.name, text: name === undefined ? `// not exported\n${plain}` : `export ${plain}` };
  });
  reached.sort((one, other) => (one.name < other.name ? -1 : 1));
  return [[...imports].sort().join('\n'), ...reached.map(({ text }) => text)].filter(Boolean).join('\n\n');
}

/** The statement at the top of a file that a declaration is, or is part of; undefined for members and parameters. */
function statementOf(declaration: ts.Node): ts.Statement | undefined {
  const node = ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration;
  return ts.isSourceFile(node.parent) && !ts.isImportDeclaration(node) ? (node as ts.Statement) : undefined;
}
