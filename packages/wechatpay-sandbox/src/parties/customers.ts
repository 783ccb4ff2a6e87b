import type { SandboxClock } from '../clock.js';
import { Refusal } from '../gateway/refusal.js';
import { randomDigits, randomOpenId } from '../random.js';

/** What a customer does once the code on the telephone has been scanned. */
export type Behaviour =
  /** Small amounts need no password: Submit Quick Pay answers with the payment. */
  | { behaviour: 'pays-at-once' }
  /** Types a password for so many milliseconds of the sandbox's clock, then pays. Until then: USERPAYING. */
  | { behaviour: 'pays-after'; ms: number }
  /** Types a password until Query Order has been asked so many times, and pays right after that answer. */
  | { behaviour: 'pays-after-queries'; queries: number }
  /** Is asked for a password and, after so many milliseconds, says no: PAYERROR. @default 5000 ms */
  | { behaviour: 'refuses'; ms?: number }
  /** Submit Quick Pay answers NOTENOUGH; another code can be scanned for the same order. */
  | { behaviour: 'balance-too-low' }
  /** Is asked for a password and never answers. */
  | { behaviour: 'walks-away' };

/** What `customers.create` takes. */
export type CustomerOptions = Behaviour & {
  /** For how long the code can be scanned, in milliseconds of the sandbox's clock. @default 60000, as on a telephone */
  validForMs?: number;
};

/** A customer who holds out a telephone. */
export interface Customer {
  /** What the cashier scans: 18 digits that begin with 10 to 15. It works once. */
  readonly authCode: string;
  /** Who pays, in the replies. */
  readonly openId: string;
  readonly behaviour: Behaviour;
  /** From then on the code is refused, AUTHCODEEXPIRE. */
  readonly validUntil: Date;
}

/**
 * Codes that every sandbox knows, for a person at a till and for the command line. Unlike a customer's own code, these
 * work as often as one likes, each time for a new customer.
 */
export const wellKnownAuthCodes = {
  paysAtOnce: '130000000000000001',
  /** Types a password for 10 s. */
  paysAfter10s: '130000000000000002',
  /** Types a password for 40 s: longer than most tills wait, and 5 s before WeChat Pay reverses the order. */
  paysAfter40s: '130000000000000003',
  paysAfter2Queries: '130000000000000004',
  /** Says no after 5 s. */
  refuses: '130000000000000005',
  balanceTooLow: '130000000000000006',
  walksAway: '130000000000000007',
  /** The code itself is too old: AUTHCODEEXPIRE. */
  expired: '130000000000000008',
} as const;

const wellKnown: Readonly<Record<string, Behaviour>> = {
  [wellKnownAuthCodes.paysAtOnce]: { behaviour: 'pays-at-once' },
  [wellKnownAuthCodes.paysAfter10s]: { behaviour: 'pays-after', ms: 10_000 },
  [wellKnownAuthCodes.paysAfter40s]: { behaviour: 'pays-after', ms: 40_000 },
  [wellKnownAuthCodes.paysAfter2Queries]: { behaviour: 'pays-after-queries', queries: 2 },
  [wellKnownAuthCodes.refuses]: { behaviour: 'refuses' },
  [wellKnownAuthCodes.balanceTooLow]: { behaviour: 'balance-too-low' },
  [wellKnownAuthCodes.walksAway]: { behaviour: 'walks-away' },
};

/** Of each behaviour: which number comes with it, and whether it may be left out. */
const numbers: Readonly<Record<Behaviour['behaviour'], { name: string; required: boolean } | undefined>> = {
  'pays-at-once': undefined,
  'pays-after': { name: 'ms', required: true },
  'pays-after-queries': { name: 'queries', required: true },
  refuses: { name: 'ms', required: false },
  'balance-too-low': undefined,
  'walks-away': undefined,
};

/** The customers at the till. */
export class Customers {
  readonly #byAuthCode = new Map<string, Customer>();
  readonly #used = new Set<string>();
  readonly #clock: SandboxClock;

  /** @internal */
  constructor(clock: SandboxClock) {
    this.#clock = clock;
  }

  /**
   * Lets a customer come to the till.
   *
   * @returns who it is, with the code to scan.
   * @throws {TypeError} where the behaviour is none: the control API takes it from JSON.
   */
  create({ validForMs = 60_000, ...behaviour }: CustomerOptions): Customer {
    assertBehaviour(behaviour);
    if (!isCount(validForMs)) throw new TypeError('validForMs is a number of milliseconds, from 0');
    const customer: Customer = {
      authCode: randomDigits(18, '13'),
      openId: randomOpenId(),
      behaviour,
      validUntil: new Date(this.#clock.now() + validForMs),
    };
    this.#byAuthCode.set(customer.authCode, customer);
    return customer;
  }

  /** Those that were created, in that order; the well-known ones are not among them. */
  list(): readonly Customer[] {
    return [...this.#byAuthCode.values()];
  }

  /**
   * Who holds out this code.
   *
   * @throws {Refusal} where nobody does, or not any more.
   * @internal
   */
  scan(authCode: string): Customer {
    // Everything that the documentation says of a code: 18 digits, the first two from 10 to 15.
    if (!/^1[0-5]\d{16}$/.test(authCode)) throw new Refusal('AUTH_CODE_INVALID', 'no code of WeChat Pay');
    if (authCode === wellKnownAuthCodes.expired) throw new Refusal('AUTHCODEEXPIRE');
    if (Object.hasOwn(wellKnown, authCode)) {
      const behaviour = wellKnown[authCode] ?? { behaviour: 'walks-away' };
      return { authCode, openId: randomOpenId(), behaviour, validUntil: new Date(Infinity) };
    }
    const customer = this.#byAuthCode.get(authCode);
    if (customer === undefined) throw new Refusal('AUTH_CODE_INVALID', 'no customer has this code');
    if (this.#used.has(authCode)) throw new Refusal('AUTH_CODE_ERROR', 'a code works once');
    if (this.#clock.now() >= customer.validUntil.getTime()) throw new Refusal('AUTHCODEEXPIRE');
    return customer;
  }

  /** @internal */
  use({ authCode }: Customer): void {
    this.#used.add(authCode);
  }

  /** @internal */
  clear(): void {
    this.#byAuthCode.clear();
    this.#used.clear();
  }
}

function assertBehaviour(given: Behaviour): void {
  if (!Object.hasOwn(numbers, given.behaviour)) {
    throw new TypeError(`behaviour is one of ${Object.keys(numbers).join(', ')}`);
  }
  const number = numbers[given.behaviour];
  for (const [name, value] of Object.entries(given)) {
    if (name === 'behaviour' || value === undefined) continue;
    if (name !== number?.name) throw new TypeError(`${given.behaviour} takes no ${name}`);
    if (!isCount(value)) throw new TypeError(`${name} is a number, from 0`);
  }
  if (number?.required === true && (given as Record<string, unknown>)[number.name] === undefined) {
    throw new TypeError(`${given.behaviour} needs ${number.name}, a number`);
  }
}

function isCount(value: unknown): value is number {
  return Number.isFinite(value) && (value as number) >= 0;
}
