import { isDeciding } from './deciding.js';
import { WechatPayResponseError } from '../errors.js';
import { toChinaTime } from './fields.js';
import { quoted } from './untrusted-text.js';

type Names<Property extends string> = Readonly<Record<Property, string>>;
type Reply = Readonly<Record<string, string>>;

/**
 * Reads the fields of a verified reply, by the properties they are given. WeChat Pay sends some of them empty: those are left out.
 *
 * A field that decides about money and cannot be read is thrown as {@link WechatPayResponseError}; one that only informs is
 * left out, and named by `unreadable`.
 */
export class ReplyReader {
  readonly #reply: Reply;
  readonly #unreadable: string[] = [];

  constructor(reply: Reply) {
    this.#reply = reply;
  }

  texts<Property extends string>(names: Names<Property>): Partial<Record<Property, string>> {
    return this.#pick(names, 'text', (value) => value);
  }

  /** Whole numbers: amounts in the currency's minor unit, and counts. */
  numbers<Property extends string>(names: Names<Property>): Partial<Record<Property, number>> {
    return this.#pick(names, 'whole number', (value) => {
      const number = Number(value);
      return /^[0-9]+$/.test(value) && Number.isSafeInteger(number) ? number : undefined;
    });
  }

  /** Times: `yyyyMMddHHmmss` or `yyyy-MM-dd HH:mm:ss`, both in UTC+8. */
  times<Property extends string>(names: Names<Property>): Partial<Record<Property, Date>> {
    return this.#pick(names, 'time', (value) => {
      const digits = /^(\d{4})-?(\d\d)-?(\d\d) ?(\d\d):?(\d\d):?(\d\d)$/.exec(value);
      const [, year, month, day, hour, minute, second] = digits ?? [];
      const text = `${year}-${month}-${day}T${hour}:${minute}:${second}`;
      const time = new Date(`${text}+08:00`);
      // The 31st of April would be read as the 1st of May.
      return !Number.isNaN(time.getTime()) && toChinaTime(time) === text ? time : undefined;
    });
  }

  flags<Property extends string>(names: Names<Property>): Partial<Record<Property, boolean>> {
    return this.#pick(names, 'Y or N', (value) => (value === 'Y' ? true : value === 'N' ? false : undefined));
  }

  currencies<Property extends string>(names: Names<Property>): Partial<Record<Property, string>> {
    return this.#pick(names, 'currency of ISO 4217', (value) => (/^[A-Z]{3}$/.test(value) ? value : undefined));
  }

  /** One of the documented values. */
  choices<Property extends string, Value extends string>(
    names: Names<Property>,
    documented: readonly Value[],
  ): Partial<Record<Property, Value>> {
    return this.#pick(names, `documented value (${documented.join(', ')})`, (value) =>
      documented.find((known) => known === value),
    );
  }

  /** How many groups of fields there are that end in `_0`, `_1` and so on. */
  count(names: readonly string[]): number {
    let count = 0;
    while (names.some((name) => this.#reply[`${name}_${count}`] !== undefined)) count += 1;
    return count;
  }

  /** To be asked last: the wire names of the fields that are there, inform, and could not be read. */
  get unreadable(): { readonly unreadable?: readonly string[] } {
    return this.#unreadable.length === 0 ? {} : { unreadable: [...this.#unreadable] };
  }

  #pick<Property extends string, Value>(
    names: Names<Property>,
    what: string,
    read: (value: string) => Value | undefined,
  ): Partial<Record<Property, Value>> {
    const properties: Partial<Record<Property, Value>> = {};
    for (const property of Object.keys(names) as Property[]) {
      const name = names[property];
      const text = this.#reply[name];
      if (!text) continue;
      const value = read(text);
      if (value !== undefined) {
        properties[property] = value;
      } else if (isDeciding(name)) {
        throw new WechatPayResponseError(
          `the reply's ${name} is ${quoted(text, 32)}, which is no ${what}. Its outcome is unknown: query the order.`,
        );
      } else {
        this.#unreadable.push(name);
      }
    }
    return properties;
  }
}
