import { format, resolveConfig } from 'prettier';
import { expect, it } from 'vitest';
import { settleTable } from '../../test/settle-table.js';

it('docs/settling-table.md is what the state machine does (vitest --update writes it)', async () => {
  const file = new URL('../../../../docs/settling-table.md', import.meta.url).pathname;
  const table = await format(settleTable(), { ...(await resolveConfig(file)), filepath: file });
  await expect(table).toMatchFileSnapshot(file);
});
