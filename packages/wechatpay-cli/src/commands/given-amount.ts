import { CliError } from '../cli-error.js';
import { EXIT_CODES } from '../exit-codes.js';
import { readAmount } from '../output/money.js';
import type { Words } from '../words/words.js';

/** An amount as it was typed, in the minor unit of its currency. @throws {CliError} what is none, with an example. */
export function givenAmount(words: Words, text: string, currency: string): number {
  const read = readAmount(text, currency);
  if ('amount' in read) return read.amount;
  throw new CliError(EXIT_CODES.usage, 'AMOUNT', words.amountForm(read.example, currency));
}
