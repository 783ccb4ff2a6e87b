import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** The arrows between packages: core knows no framework, nestjs knows core, the sandbox knows neither. */
const boundary = (folder, forbidden) => ({
  files: [`${folder}/src/**/*.ts`],
  ignores: ['**/*.spec.ts'],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: forbidden.map(([group, message]) => ({ group, message })),
      },
    ],
  },
});

const nest = [['@nestjs/*', 'nestjs-wechatpay'], 'Only nestjs-wechatpay knows the framework.'];
const sandbox = [
  ['wechatpay-sandbox', '**/wechatpay-sandbox/**'],
  'Only tests and the example use the sandbox; nothing that ships depends on it.',
];
const core = [
  ['wechatpay-core', '**/wechatpay-core/**'],
  'The sandbox shares no code with the core: a bug in signing or XML must not hide in both.',
];
const deepCore = [['wechatpay-core/*', '**/wechatpay-core/**'], 'Import from the public entry: wechatpay-core.'];

export default defineConfig(
  // The fixtures are applications of their own: other compilers, other settings, and deliberate mistakes.
  globalIgnores(['**/dist', '**/coverage', '**/.nx', 'integration/fixtures']),
  tseslint.configs.strictTypeChecked,
  tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: true,
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true }],
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      'no-restricted-syntax': [
        'error',
        {
          selector: 'ExportAllDeclaration',
          message: 'Name each export: a diff does not show what `export *` lets out.',
        },
      ],
      // Nest's options are classes that nobody instantiates.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      eqeqeq: 'error',
    },
  },
  boundary('packages/wechatpay-core', [nest, sandbox]),
  boundary('packages/wechatpay-durable', [nest, sandbox, deepCore]),
  boundary('packages/nestjs-wechatpay', [sandbox, deepCore]),
  boundary('packages/wechatpay-sandbox', [nest, core]),
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
    rules: { '@typescript-eslint/no-non-null-assertion': 'off' },
  },
);
