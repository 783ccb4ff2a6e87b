import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { BUGS } from '../../mutation/planted-bugs.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

// `npm run planted` takes long. That its changes still fit the sources is known at once.
test.each(BUGS.flatMap(({ name, changes }) => changes.map((change) => ({ name, ...change }))))(
  '$name: $file has the text once',
  ({ file, find }) => {
    expect(readFileSync(`${root}/${file}`, 'utf8').split(find)).toHaveLength(2);
  },
);
