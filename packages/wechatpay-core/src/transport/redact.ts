/** What a foreign error may show of itself: names, codes and messages, and nothing that repeats what must stay secret. */
export class Redactor {
  readonly #secrets: readonly string[];
  #hidden: readonly string[] | undefined;

  /** @param secrets the signed request's body, and what else no text may repeat. */
  constructor(...secrets: readonly string[]) {
    this.#secrets = secrets;
  }

  /** The text, or {@link LEFT_OUT} where it repeats a secret or holds a document. Long tokens are masked all the same. */
  text(text: string): string {
    if (text.length > MAX_LENGTH || MARKUP.test(text) || this.#repeats(folded(text))) return LEFT_OUT;
    return text
      .replace(CONTROL, ' ')
      .replace(LONG_TOKEN, (token) => (/\d/.test(token) && !ERROR_CODE.test(token) ? '…' : token));
  }

  /**
   * A copy of what was thrown, of its causes and of an AggregateError's errors: each with its name, code and message alone.
   * HTTP clients keep the request in properties of their errors, a TLS error the whole peer certificate, and a parser's error the bytes
   * that it was given.
   */
  cause(thrown: unknown, depth = 0): unknown {
    if (thrown === undefined || thrown === null || typeof thrown === 'boolean') return thrown;
    if (typeof thrown === 'string') return this.text(thrown);
    if (typeof thrown !== 'object') return this.text(`a ${typeof thrown}`);
    const { name, code, message, cause, errors } = readError(thrown);
    const text = typeof message === 'string' ? this.text(message) : 'an object that is not an error';
    const below = depth < MAX_DEPTH && cause !== undefined ? { cause: this.cause(cause, depth + 1) } : undefined;
    const copy =
      depth < MAX_DEPTH && Array.isArray(errors)
        ? new AggregateError(
            errors.slice(0, MAX_ERRORS).map((each) => this.cause(each, depth + 1)),
            text,
            below,
          )
        : // eslint-disable-next-line no-restricted-syntax -- A copy of a foreign error, only ever a cause.
          new Error(text, below);
    if (this.#isWord(name)) Object.defineProperty(copy, 'name', { value: name, configurable: true, writable: true });
    return Object.assign(copy, this.#isWord(code) && { code });
  }

  #isWord(value: unknown): value is string {
    return typeof value === 'string' && WORD.test(value) && this.text(value) === value;
  }

  #repeats(text: string): boolean {
    this.#hidden ??= this.#secrets.flatMap(disguises).filter((each) => each.length >= RUN);
    for (let at = 0; at + RUN <= text.length; at += 1) {
      const run = text.slice(at, at + RUN);
      if (this.#hidden.some((each) => each.includes(run))) return true;
    }
    // A payment code is 18 digits: half of it is too much.
    const digits = text.match(/[0-9]{6,}/g) ?? [];
    return digits.some((run) => this.#secrets.some((secret) => hasRunOf(secret, run)));
  }
}

/** Stands in the place of a text that repeats the request. */
const LEFT_OUT = '(left out: it may repeat the request)';

const MAX_LENGTH = 2_000;
const MAX_DEPTH = 4;
const MAX_ERRORS = 5;
/** So many letters and digits in a row that a secret has too are no coincidence. */
const RUN = 12;
const WORD = /^[A-Za-z_$][\w.$-]{0,63}$/;
const MARKUP = /<[/!?]?[A-Za-z]|&lt;|%3C|\\u003c|\\x3c/i;
const LONG_TOKEN = /[A-Za-z0-9+/=_%-]{24,}/g;
/** As Node.js and OpenSSL name what went wrong. */
const ERROR_CODE = /^ERR_[A-Z0-9_]+$/;
const CONTROL = /[\p{Cc}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu;

// Full-width digits are digits, an octal escape is its byte (\61), and what only spells a byte (\x31, \u0031, 0x31, &#x31;) is left out of the spelling.
function folded(text: string): string {
  return text
    .normalize('NFKC')
    .replaceAll(/\\([0-3]?[0-7]{2})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)))
    .toLowerCase()
    .replaceAll(/\\x|\\u00|0x|&#x?/g, '')
    .replaceAll(/[^\p{L}\p{N}]/gu, '');
}

// A secret as messages hold it: as it is, escaped, in percent signs, as the bytes of a Buffer in hex, decimal and base64.
function disguises(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const shifted = ['', 'x', 'xx'].map((before) => Buffer.from(before + secret).toString('base64'));
  const encoded = [encodeURIComponent(secret), secret.replaceAll(/[<>&]/g, (c) => `&#${String(c.charCodeAt(0))};`)];
  const spelled = [bytes.toString('hex'), Array.from(bytes, String).join('')];
  return [secret, ...shifted, ...encoded, ...spelled].map(folded);
}

function hasRunOf(secret: string, digits: string): boolean {
  for (let at = 0; at + 6 <= digits.length; at += 1) if (secret.includes(digits.slice(at, at + 6))) return true;
  return false;
}

// A getter or a proxy may throw; then there is nothing to show.
function readError(thrown: object): Record<'name' | 'code' | 'message' | 'cause' | 'errors', unknown> {
  try {
    const { name, code, message, cause, errors } = thrown as Record<string, unknown>;
    return { name, code, message, cause, errors };
  } catch {
    return { name: undefined, code: undefined, message: undefined, cause: undefined, errors: undefined };
  }
}
