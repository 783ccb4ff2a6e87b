import { gzipSync } from 'node:zlib';
import type { Answer } from '../http/answer.js';
import type { StatementEdition, StatementType } from './editions.js';
import type { StatementEntry } from './entries.js';
import { spoilEntries, spoilTable, truncate, type StatementFault } from './statement-faults.js';
import { tabulate, toText } from './write-statement.js';

/** How statements are written. What no public sample shows can be had in each way that programs suppose. */
export interface StatementStyle {
  /** @default 'current' */
  edition: StatementEdition;
  /** @default '\r\n' */
  lineEnd: '\r\n' | '\n';
  /** Whether a byte order mark comes first. @default true */
  byteOrderMark: boolean;
  /** A day without a movement: the refusal "No Bill Exist", or header and summary with zeros. @default 'no-statement' */
  emptyDay: 'no-statement' | 'zeros';
  /** Whether old editions write what was refunded with a minus. @default '' */
  refundSign: '' | '-';
  /**
   * The row of a reversal: one more, after that of the payment (`own-row`), or that of the payment with REVOKED in place of SUCCESS where
   * both are of one day (`in-place`).
   *
   * @default 'own-row'
   */
  reversals: 'own-row' | 'in-place';
}

const defaultStyle: StatementStyle = {
  edition: 'current',
  lineEnd: '\r\n',
  byteOrderMark: true,
  emptyDay: 'no-statement',
  refundSign: '',
  reversals: 'own-row',
};

/** The day's statements: how they look, and what is wrong with the next ones. */
export class Statements {
  /** To be changed by property: `sandbox.statements.style.edition = 'english'`. */
  readonly style: StatementStyle = { ...defaultStyle };
  #faults: (readonly StatementFault[])[] = [];

  /**
   * Lets the next statement have this fault. Each meets what was added at once, in the order in which it was added.
   *
   * @param more others of the same statement: each finds it as the one before has left it.
   */
  addFault(fault: StatementFault, ...more: readonly StatementFault[]): void {
    this.#faults.push([fault, ...more]);
  }

  /** Those that have not struck yet. */
  get pendingFaults(): readonly StatementFault[] {
    return this.#faults.flat();
  }

  /** Forgets faults, and writes as at the beginning. */
  reset(): void {
    this.#faults = [];
    Object.assign(this.style, defaultStyle);
  }

  /** @internal */
  write(
    entries: readonly StatementEntry[],
    { type, appId, gzip, fileName }: { type: StatementType; appId: string; gzip: boolean; fileName: string },
  ): Answer {
    const { edition, refundSign, lineEnd, byteOrderMark } = this.style;
    const faults = this.#faults.shift() ?? [];
    const table = tabulate(faults.reduce(spoilEntries, entries), { edition, type, appId, refundSign });
    const spoiled = faults.reduce(spoilTable, table);
    const text = toText(spoiled, lineEnd, byteOrderMark);
    const cut = faults.find((fault) => fault.kind === 'truncated');
    const sent = cut ? truncate(text, cut.row, spoiled.rows.length) : text;
    const bytes = gzip ? gzipWithName(sent, fileName) : Buffer.from(sent);
    const slow = faults.find((fault) => fault.kind === 'slow');
    return {
      status: 200,
      headers: { 'Content-Type': 'text/plain' },
      body: faults.some(({ kind }) => kind === 'gzip-cut') ? bytes.subarray(0, Math.floor(bytes.length / 2)) : bytes,
      ...(slow && { delivery: slow }),
    };
  }
}

/** A member with a file name in its head, as the gateway's. */
function gzipWithName(text: string, name: string): Buffer {
  const packed = gzipSync(text);
  const head = Buffer.from(packed.subarray(0, 10));
  head[3] = 8; // FNAME
  return Buffer.concat([head, Buffer.from(`${name}\0`, 'latin1'), packed.subarray(10)]);
}
