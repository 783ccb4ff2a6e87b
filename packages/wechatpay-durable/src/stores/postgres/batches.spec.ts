import { expect, it } from 'vitest';
import { Batches } from './batches.js';

it('does what comes in whichever turn the one before has ended', async () => {
  for (let turns = 0; turns < 8; turns += 1) {
    const done: string[] = [];
    const batches = new Batches<string>(
      (items) => Promise.resolve(void done.push(...items)),
      () => false,
    );
    await batches.add('first');
    for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
    void batches.add('second');
    await new Promise(setImmediate);
    expect([turns, done]).toEqual([turns, ['first', 'second']]);
  }
});
