import type { BookOrder } from './order-book.js';

/** What moved. */
export type MovementKind = 'payment' | 'refund' | 'reversal';

/** Names a movement, in a row and in the book alike. Of one order two payments cannot be told apart, two refunds by their numbers. */
export function keyOf(
  kind: MovementKind,
  { outTradeNo, subMerchantId }: Pick<BookOrder, 'outTradeNo' | 'subMerchantId'>,
  refundNumber = '',
): string {
  return `${kind}\n${subMerchantId ?? ''}\n${outTradeNo}${kind === 'refund' ? `\n${refundNumber}` : ''}`;
}

/** A piece of a text keeps the whole of it in memory, and so all of the file; a copy does not. */
export function copyOf(text: string): string {
  return Buffer.from(text, 'utf16le').toString('utf16le');
}
