/** What may happen to one sending of a notification. */
export type NotificationFault =
  /** It never leaves; the next repeat may. */
  | { readonly kind: 'lost' }
  /** Two copies at the same time. */
  | { readonly kind: 'duplicated' }
  /** It leaves `delayMs` later, by the sandbox's clock. */
  | { readonly kind: 'late'; readonly delayMs: number }
  /** It waits until another notification was sent, and leaves after that one. */
  | { readonly kind: 'out-of-order' }
  /** Somebody who does not have the key has written it. */
  | { readonly kind: 'forged' }
  /** Properly signed, with an amount of 1. */
  | { readonly kind: 'wrong-amount' }
  /** Another merchant's, properly signed with that one's key. */
  | { readonly kind: 'foreign-merchant' }
  /** The connection breaks after half of the announced body. */
  | { readonly kind: 'cut' }
  /** A complete HTTP request with half of the XML. */
  | { readonly kind: 'truncated' }
  /** The receiver's answer counts as too late, whatever it says: the notification is sent again. Nothing waits. */
  | { readonly kind: 'slow' };

/** The faults that change the document. */
export type DocumentFault = 'forged' | 'wrong-amount' | 'foreign-merchant' | 'truncated';

/** Which notifications a fault strikes, and how often. */
export interface NotificationFaultOptions {
  /** @default 1 */
  readonly times?: number;
  /** Only these. @default both */
  readonly of?: 'payment' | 'refund';
}

const kinds: Readonly<Record<NotificationFault['kind'], true>> = {
  lost: true,
  duplicated: true,
  late: true,
  'out-of-order': true,
  forged: true,
  'wrong-amount': true,
  'foreign-merchant': true,
  cut: true,
  truncated: true,
  slow: true,
};

/** The faults to come. A sending is struck by the first one that fits it, and by that one only. */
export class NotificationFaults {
  #pending: { fault: NotificationFault; times: number; of?: 'payment' | 'refund' }[] = [];

  /**
   * Lets the next sending that fits (or the next `times`) meet this fault.
   *
   * @throws {TypeError} where there is no such fault.
   */
  add(fault: NotificationFault, { times = 1, of }: NotificationFaultOptions = {}): void {
    if (!Object.hasOwn(kinds, fault.kind)) throw new TypeError(`fault.kind is one of ${Object.keys(kinds).join(', ')}`);
    if (fault.kind === 'late' && !(Number.isFinite(fault.delayMs) && fault.delayMs > 0)) {
      throw new TypeError('fault late needs delayMs, a number of milliseconds');
    }
    if (!Number.isInteger(times) || times < 1) throw new TypeError(`times is a whole number from 1, not ${times}`);
    this.#pending.push({ fault, times, ...(of && { of }) });
  }

  /** Forgets all of them. */
  clear(): void {
    this.#pending = [];
  }

  /** @internal */
  take(kind: 'payment' | 'refund'): NotificationFault | undefined {
    const found = this.#pending.find(({ of }) => of === undefined || of === kind);
    if (found === undefined) return undefined;
    found.times -= 1;
    this.#pending = this.#pending.filter(({ times }) => times > 0);
    return found.fault;
  }
}
