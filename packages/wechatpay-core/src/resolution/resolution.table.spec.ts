import { format, resolveConfig } from 'prettier';
import { expect, it } from 'vitest';
import { resolutionTable } from '../../test/resolution-table.js';

it('docs/resolution-table.md is what the state machine does (vitest --update writes it)', async () => {
  const file = new URL('../../../../docs/resolution-table.md', import.meta.url).pathname;
  const table = await format(resolutionTable(), { ...(await resolveConfig(file)), filepath: file });
  await expect(table).toMatchFileSnapshot(file);
});
