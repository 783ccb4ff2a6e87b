import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { faultCatalogue } from '../index.js';

const GUIDE = new URL('../../../../docs/guides/testing-with-the-sandbox.md', import.meta.url);

it('is the table of the guide', () => {
  const table = readFileSync(GUIDE, 'utf8').split('## Faults')[1]?.split('\n## ')[0] ?? '';
  const rows = [...table.matchAll(/^\| `([a-z0-9-]+)` +\| (.+?) +\| (yes|no) +\|$/gm)].map(
    ([, kind, text = '', effect]) => [kind, text.replaceAll('`', ''), effect],
  );
  expect(rows).toEqual(
    Object.entries(faultCatalogue).map(([kind, { description, takesEffect }]) => [
      kind,
      description,
      takesEffect ? 'yes' : 'no',
    ]),
  );
});
