import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { schemaStatements } from './schema.js';

it('is in the guide as it is made', () => {
  const guide = readFileSync(new URL('../../../../../docs/guides/durable-stores.md', import.meta.url), 'utf8');
  expect(guide).toContain(`\`\`\`sql\n${schemaStatements('wechatpay').join(';\n')};\n\`\`\``);
});
