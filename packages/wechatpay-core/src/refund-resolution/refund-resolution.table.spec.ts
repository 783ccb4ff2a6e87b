import { format, resolveConfig } from 'prettier';
import { expect, it } from 'vitest';
import { refundTable } from '../../test/refund-table.js';

it('docs/refund-table.md is what the state machine does (vitest --update writes it)', async () => {
  const file = new URL('../../../../docs/refund-table.md', import.meta.url).pathname;
  const table = await format(refundTable(), { ...(await resolveConfig(file)), filepath: file });
  await expect(table).toMatchFileSnapshot(file);
});
