import type { Oddity, Spoiling } from './grammar.js';
import type { Word } from './keeper.js';
import { QUERY_ORDER_PAGE, QUERY_REFUND_PAGE, QUICK_PAY_PAGE, type Page } from './pages.js';
import { signed, stringToSign, write, type Wire } from './wire.js';

// How a reply looks: what is odd in its fields, and what becomes of its bytes. Whatever is done to it, the word that the client
// may take from it is known.

/** A reply to a request, and what a client may take from it. */
export interface Dressed {
  readonly fields: Wire;
  readonly word: Word;
  /** False where a careful client may believe it or not. */
  readonly isPlain: boolean;
}

/** What the client knows, and so can tell from what it does not. */
export interface Asked {
  readonly request: Wire;
  readonly totalFee: number | undefined;
  readonly knowsCurrency: boolean;
}

const NOTHING: Word = { kind: 'nothing' };

/** Makes one field odd. Nothing false is said that the client cannot see. */
export function withOddity(page: Page, dressed: Dressed, asked: Asked, { field, value }: Oddity): Dressed {
  const names = Object.keys(page.reply);
  const name = names[field % names.length]!;
  const { fields, word, isPlain } = dressed;
  const given = typeof value === 'object' ? value.odd : value === 'absent' ? undefined : 'another';
  const isFail = fields.result_code === 'FAIL';
  const changed = (text: string | undefined, says: Partial<Dressed> = {}): Dressed => {
    const { [name]: _, ...rest } = fields;
    return { ...dressed, ...says, fields: text === undefined ? rest : { ...rest, [name]: text } };
  };
  const unbelievable = { word: NOTHING, isPlain: false };
  const doubtful = { isPlain: false };

  switch (page.reply[name]) {
    case 'informs':
      if (name === 'err_code') return isFail ? dressed : changed(given, doubtful);
      return changed(given);
    case 'party':
      if (asked.request[name] === undefined) return dressed;
      if (given === undefined) return changed(given, name === 'appid' || name === 'mch_id' ? unbelievable : doubtful);
      return changed('another', unbelievable);
    case 'identifier':
      if (given === undefined) {
        if (isFail || fields[name] === undefined) return dressed;
        const isRequired = asked.request[name] !== undefined || page === QUICK_PAY_PAGE || /^(out_)?refund/.test(name);
        return changed(undefined, isRequired && page !== QUERY_REFUND_PAGE ? unbelievable : doubtful);
      }
      return asked.request[name] === undefined ? dressed : changed(given.slice(0, 32), unbelievable);
    case 'state': {
      if (name === 'return_code' || fields[name] === undefined) return dressed;
      return changed(given === undefined ? undefined : 'ODD', unbelievable);
    }
    case 'amount':
      return fields[name] === undefined ? dressed : changedAmount();
    default:
      return dressed;
  }

  function changedAmount(): Dressed {
    const isPayment = page === QUICK_PAY_PAGE || page === QUERY_ORDER_PAGE;
    if (isPayment && word.kind === 'state') {
      const another: Word = { ...word, amount: 'another' };
      if (name === 'total_fee') {
        if (asked.totalFee === undefined) return dressed;
        // The amount that was asked, in another form, would be a lie that nobody can see.
        if (Number(given) === asked.totalFee && word.amount === 'another') return dressed;
        if (given === 'another') return changed('1', { word: another });
        return changed(
          given,
          Number(given) === Number(fields.total_fee) ? doubtful : { word: another, isPlain: false },
        );
      }
      if (!asked.knowsCurrency) return dressed;
      // A missing currency counts as the one that was asked for.
      if (given === undefined) return word.amount === 'another' ? dressed : changed(undefined);
      return given === fields.fee_type
        ? dressed
        : changed(given === 'another' ? 'CNY' : given, { word: another, isPlain: isPlain && given === 'another' });
    }
    if (name === 'total_fee' && given === 'another')
      return asked.totalFee !== undefined ? changed('1', doubtful) : dressed;
    // Another number than the true one would be a lie; one that cannot be read is not.
    return changed(given === undefined ? undefined : 'odd', doubtful);
  }
}

/** The bytes of an answer, and what the client may take from it after that. */
export function toBytes(
  dressed: Dressed,
  key: string,
  page: Page,
  spoiling: Spoiling | null,
): { status: number; body: Uint8Array; word: Word; isPlain: boolean } {
  const { fields, word, isPlain } = dressed;
  const genuine = write(signed(fields, key));
  const spoiled = (body: Buffer, status = 200): ReturnType<typeof toBytes> => ({
    status,
    body,
    word: NOTHING,
    isPlain: false,
  });
  switch (spoiling?.how) {
    case undefined:
      return { status: 200, body: genuine, word, isPlain };
    case 'cut':
      return spoiled(genuine.subarray(0, Math.floor(genuine.length * spoiling.at)));
    case 'forged': {
      const names = Object.keys(page.reply);
      const name = names[spoiling.field % names.length]!;
      if (fields[name] === spoiling.value) return spoiled(Buffer.alloc(0));
      return spoiled(write({ ...signed(fields, key), [name]: spoiling.value }, 'entities'));
    }
    case 'unsigned':
      return spoiled(write(fields));
    case 'other algorithm':
      return spoiled(write(signed(fields, key, 'MD5')));
    case 'other key':
      return spoiled(write(signed(fields, 'x'.repeat(32))));
    case 'html':
      return spoiled(Buffer.from('<html><body>502 Bad Gateway</body></html>'));
    case 'noise':
      return spoiled(Buffer.from([0x1f, 0x8b, 0xff, 0, 60, 120, 109, 108, 62]));
    case 'status':
      return spoiled(genuine, 502);
    case 'empty':
      return spoiled(Buffer.alloc(0));
  }
}

/**
 * What was signed about a payment of another order, cut anew: its free text holds the names and values that the client asked
 * for, and the string to sign stays what it was.
 */
export function recut(theirs: Wire, asked: Wire): { genuine: Wire; recut: Wire } {
  const mine = { fee_type: theirs.fee_type!, mch_id: theirs.mch_id!, out_trade_no: asked.out_trade_no! };
  const genuine = { ...theirs, attach: `x&${stringToSign(mine)}&p=` };
  const swallowed = stringToSign(
    Object.fromEntries(Object.entries(genuine).filter(([name]) => name > 'attach' && name < 'p')),
  );
  const kept = Object.fromEntries(Object.entries(genuine).filter(([name]) => name < 'attach' || name > 'p'));
  return { genuine, recut: { ...kept, attach: 'x', ...mine, p: `&${swallowed}` } };
}
