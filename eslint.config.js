import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';
import noImportCircle from './tools/no-import-circle.js';

/** Of our packages and the framework, what each package may import. Tests may import the sandbox as well. */
const MAY_IMPORT = {
  'wechatpay-core': [],
  'wechatpay-durable': ['wechatpay-core'],
  'nestjs-wechatpay': ['wechatpay-core', 'wechatpay-durable', '@nestjs'],
  // Shares no code with the core: a bug in signing or XML must not hide in both.
  'wechatpay-sandbox': [],
  'wechatpay-cli': ['wechatpay-core', 'wechatpay-durable'],
};
const NAMES = [...Object.keys(MAY_IMPORT), '@nestjs'];

/** What only tests load, of what is published. */
const TESTING = 'packages/nestjs-wechatpay/src/testing/**/*.ts';

const boundaries = Object.entries(MAY_IMPORT).flatMap(([name, allowed]) => [
  boundary(name, allowed, {
    files: [`packages/${name}/**/*.ts`],
    ignores: [`packages/${name}/test/truth/**`, TESTING],
  }),
  boundary(name, [...allowed, 'wechatpay-sandbox'], {
    files: [
      `packages/${name}/**/*.spec.ts`,
      `packages/${name}/{test,bench,chaos}/**/*.ts`,
      ...(name === 'nestjs-wechatpay' ? [TESTING] : []),
    ],
    // One keeper of the truth judges every package: it is the core's, and no package exports it.
    ignores: [`packages/${name}/test/truth/**`],
  }),
]);

function boundary(name, allowed, where) {
  const patterns = NAMES.filter((other) => other !== name).map((other) =>
    allowed.includes(other)
      ? { regex: `^\\..*/${other}/`, message: `Import it by its name: ${other}.` }
      : { regex: `(^|/)${other}(/|$)`, message: `${name} may import ${allowed.join(', ') || 'no package of ours'}.` },
  );
  return { ...where, rules: { 'no-restricted-imports': ['error', { patterns }] } };
}

const EXPORT_ALL = {
  selector: 'ExportAllDeclaration',
  message: 'Name each export: a diff does not show what `export *` lets out.',
};
const SPREAD_BESIDE_GETTER = {
  selector: 'ObjectExpression:has(> SpreadElement) > Property[kind="get"]',
  message:
    'Give the getter to Object.assign as the first object: a compiler for ES2015 (ts-jest without `target`) keeps its first value.',
};
const BARE_ERROR = {
  selector: ':matches(NewExpression, CallExpression)[callee.name="Error"]',
  message:
    'Throw an error that has a code: a WechatPayError, or a DurableOrdersError. A caller cannot switch on a message.',
};

export default defineConfig(
  // The fixtures are applications of their own: other compilers, other settings, and deliberate mistakes.
  globalIgnores(['**/dist', '**/coverage', '**/.nx', 'integration/fixtures']),
  tseslint.configs.strictTypeChecked,
  tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        // From the root, one program of all files: a package's types are worked out once, not once for each that uses it.
        ...(process.cwd() === import.meta.dirname ? { project: 'tsconfig.json' } : { projectService: true }),
        tsconfigRootDir: import.meta.dirname,
      },
    },
    plugins: { local: { rules: { 'no-import-circle': noImportCircle } } },
    rules: {
      'local/no-import-circle': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true }],
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      'no-restricted-syntax': ['error', EXPORT_ALL, SPREAD_BESIDE_GETTER],
      // Nest's options are classes that nobody instantiates.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      eqeqeq: 'error',
    },
  },
  boundaries,
  {
    files: ['packages/wechatpay-{core,durable}/src/**/*.ts'],
    ignores: ['**/*.spec.ts'],
    rules: { 'no-restricted-syntax': ['error', EXPORT_ALL, SPREAD_BESIDE_GETTER, BARE_ERROR] },
  },
  {
    files: ['**/*.js', '**/*.cjs', '**/*.mjs'],
    extends: [tseslint.configs.disableTypeChecked],
    rules: {
      '@typescript-eslint/explicit-module-boundary-types': 'off',
      '@typescript-eslint/no-require-imports': 'off',
    },
  },
  {
    files: ['**/*.spec.ts', '**/test/**'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      // Of an object that a test gives, its own compiler is the only one.
      'no-restricted-syntax': ['error', EXPORT_ALL],
      // A getter that gives a literal is what a caller's class may have.
      '@typescript-eslint/class-literal-property-style': 'off',
    },
  },
);
