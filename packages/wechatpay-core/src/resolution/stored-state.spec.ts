import { expect, it, test } from 'vitest';
import { askFirst, nextStep, readState, type SettleState } from '../index.js';
import stored from '../../test/stored-states.json' with { type: 'json' };

// What each release has stored is read by each later one: an order in flight outlives an upgrade.
const LATER = Date.UTC(2026, 10, 30);

test.each(stored)('$release: $name', ({ state, reads, then }) => {
  const read = readState(state);
  expect(read).toMatchObject({ version: 2, ...reads });
  expect(readState(JSON.parse(JSON.stringify(read)))).toEqual(read);
  expect(nextStep(askFirst(state as unknown as SettleState), LATER)).toMatchObject(then);
});

it('a state of a later version is left to that version', () => {
  expect(() => readState({ ...stored[0]!.state, version: 3 })).toThrow(/version is invalid/);
});
