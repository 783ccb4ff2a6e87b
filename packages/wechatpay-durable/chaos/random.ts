import { createHash } from 'node:crypto';

/** Numbers that follow from a seed and from what they are for: the same, in whatever order they are asked for. */
export class Random {
  #state: number;

  constructor(...names: (string | number)[]) {
    this.#state = createHash('sha256').update(names.join('/')).digest().readUInt32LE();
  }

  /** From 0 to 1, by mulberry32. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  between(least: number, most: number): number {
    return Math.round(least + this.next() * (most - least));
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<Value>(list: readonly Value[]): Value {
    const picked = list[Math.floor(this.next() * list.length)];
    if (picked === undefined) throw new Error('Nothing to pick from.');
    return picked;
  }
}
