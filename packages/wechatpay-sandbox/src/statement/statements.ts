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
  #faults: StatementFault[] = [];

  /** Lets the next statement have this fault. Each meets one, in the order in which they were added. */
  addFault(fault: StatementFault): void {
    this.#faults.push(fault);
  }

  /** Those that have not struck yet. */
  get pendingFaults(): readonly StatementFault[] {
    return [...this.#faults];
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
    const fault = this.#faults.shift();
    const listed = fault === undefined ? entries : spoilEntries(entries, fault);
    const table = tabulate(listed, { edition, type, appId, refundSign });
    const spoiled = fault === undefined ? table : spoilTable(table, fault);
    const text = toText(spoiled, lineEnd, byteOrderMark);
    const sent = fault?.kind === 'truncated' ? truncate(text, fault.row, spoiled.rows.length) : text;
    const bytes = gzip ? gzipWithName(sent, fileName) : Buffer.from(sent);
    return {
      status: 200,
      headers: { 'Content-Type': 'text/plain' },
      body: fault?.kind === 'gzip-cut' ? bytes.subarray(0, Math.floor(bytes.length / 2)) : bytes,
      ...(fault?.kind === 'slow' && { delivery: fault }),
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
