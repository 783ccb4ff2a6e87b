import type { RecordedRequest } from '../gateway/requests.js';
import { faultCatalogue } from './catalogue.js';
import type { Fault } from './faults.js';

/** Whom a fault strikes, and how often. */
export interface FaultOptions {
  /** @default 1 */
  times?: number;
  /** Only requests to this path. */
  path?: string;
  /** Only requests of which this holds. */
  when?: (request: RecordedRequest) => boolean;
}

/** A fault that waits for its request. */
export interface PendingFault extends FaultOptions {
  readonly fault: Fault;
  /** How many requests it still strikes. */
  readonly times: number;
}

/** The faults to come. A request is struck by the first one that fits it, and by that one only. */
export class Faults {
  #pending: (PendingFault & { times: number })[] = [];

  /**
   * Lets the next request that fits (or the next `times`) meet this fault.
   *
   * @throws {TypeError} where the fault is none: the control API takes it from JSON.
   */
  add(fault: Fault, options: FaultOptions = {}): void {
    const { times = 1 } = options;
    assertFault(fault);
    if (!Number.isInteger(times) || times < 1) throw new TypeError(`times is a whole number from 1, not ${times}`);
    this.#pending.push({ fault, ...options, times });
  }

  /** Forgets all of them. */
  clear(): void {
    this.#pending = [];
  }

  /** Those that have not struck yet, or not as often as they will. */
  get pending(): readonly PendingFault[] {
    return this.#pending.map((pending) => ({ ...pending }));
  }

  /** @internal */
  take(request: RecordedRequest): Fault | undefined {
    const fits = ({ path, when }: FaultOptions): boolean =>
      (path === undefined || path === request.path) && (when === undefined || when(request));
    const found = this.#pending.find(fits);
    if (found === undefined) return undefined;
    found.times -= 1;
    this.#pending = this.#pending.filter(({ times }) => times > 0);
    return found.fault;
  }
}

function assertFault(fault: Fault): void {
  if (!Object.hasOwn(faultCatalogue, fault.kind)) {
    throw new TypeError(`fault.kind is one of ${Object.keys(faultCatalogue).join(', ')}`);
  }
  const [name, type] = faultCatalogue[fault.kind].requires ?? [];
  if (name !== undefined && typeof (fault as unknown as Record<string, unknown>)[name] !== type) {
    throw new TypeError(`fault ${fault.kind} needs ${name}, a ${type}`);
  }
}
