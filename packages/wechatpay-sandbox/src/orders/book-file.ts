import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { Merchant } from '../parties/merchants.js';
import type { Movement } from './ledger.js';
import type { KeptOrder } from './order-entry.js';

/** What a sandbox keeps in its file. */
export interface Book {
  /** The sandbox's own merchant, whose orders these are. */
  readonly merchant: Pick<Merchant, 'appId' | 'merchantId' | 'apiKey' | 'subMerchants'>;
  /** The sandbox's time when this was written, in milliseconds since 1970. */
  readonly now: number;
  readonly orders: readonly KeptOrder[];
  readonly movements: readonly Movement[];
}

const VERSION = 1;
/** The names of what JSON has as a text, and is a Date. */
const DATES = ['at', 'createdAt', 'paidAt'];

/** @returns undefined where there is no such file yet. @throws {Error} one that is no book. */
export function readBook(file: string): Book | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const { version, ...book } = JSON.parse(text, toDate) as Book & { version: unknown };
    if (version === VERSION && Array.isArray(book.orders) && Array.isArray(book.movements)) return book;
  } catch {
    // told below
  }
  throw new Error(`${file} is not a book of this version of wechatpay-sandbox: delete it, and the sandbox begins anew`);
}

/** Whoever reads it, at any time, finds the whole book: this one, or the one before. */
export function writeBook(file: string, book: Book): void {
  const next = `${file}.next`;
  writeFileSync(next, JSON.stringify({ version: VERSION, ...book }, undefined, 1), { mode: 0o600 });
  renameSync(next, file);
}

function toDate(name: string, value: unknown): unknown {
  return DATES.includes(name) && typeof value === 'string' ? new Date(value) : value;
}
