import { Writable } from 'node:stream';
import type { Output } from '../io.js';

/** So much is written at once: a statement may have millions of rows. */
const PIECE = 64 * 1024;

/** Writes many lines, no faster than they are read. */
export class Flow {
  readonly #output: Output;
  #pending = '';
  #isGone = false;

  constructor(output: Output) {
    this.#output = output;
    const stream: unknown = output;
    if (!(stream instanceof Writable)) return;
    // The standard output is never destroyed: what says that its reader has gone is the error, EPIPE.
    for (const name of ['error', 'close']) stream.on(name, () => (this.#isGone = true));
  }

  /** @returns false once the reader has gone, as after `| head`. */
  async write(line: string): Promise<boolean> {
    this.#pending += `${line}\n`;
    // A person sees each line as it comes.
    const isHeldBack = this.#output.isTTY !== true && this.#pending.length < PIECE;
    return isHeldBack || (await this.flush());
  }

  /** Writes what was held back. @returns as {@link write} */
  async flush(): Promise<boolean> {
    const text = this.#pending;
    this.#pending = '';
    const output: unknown = this.#output;
    if (!(output instanceof Writable)) {
      if (text !== '') this.#output.write(text);
      return true;
    }
    if (text !== '' && !this.#isGone && !output.write(text)) await drained(output);
    return !this.#isGone;
  }
}

async function drained(output: Writable): Promise<void> {
  const ends = ['drain', 'close', 'error'];
  await new Promise<void>((resolve) => {
    const end = (): void => {
      for (const name of ends) output.off(name, end);
      resolve();
    };
    for (const name of ends) output.on(name, end);
  });
}
