import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { CALL_CHANNEL, type CallEvent } from 'wechatpay-core';
import { DurableOrdersError } from './errors.js';
import { NOT_OF_THE_ORDER } from './pauses/merchant-failures.js';

/** Calls of a merchant that fail, one after another, in the same way: a setting is wrong, or the gateway is away. */
export interface MerchantProblem {
  readonly merchantId: string;
  /** WeChat Pay's `err_code` where it gave one, else the error's `code`. */
  readonly code: string;
  /** The operations that fail, as in `Query Order`. */
  readonly operations: readonly string[];
  /** How many calls have failed since then. */
  readonly failures: number;
  /** When the first of them did: by the client's clock. */
  readonly since: Date;
}

/** So many failures, over so long, without one success of the same operation in between. */
const FAILURES = 5;
const OVER_MS = 60_000;

/** What says nothing about the merchant: the caller stopped, or gave a request that was not sent. */
const IGNORED = new Set(['WECHATPAY_ABORTED', 'WECHATPAY_INVALID_REQUEST']);

interface Run {
  failures: number;
  since: number;
}

interface Trouble {
  readonly runs: Map<string, Run>;
  isTold: boolean;
}

interface WatchOptions {
  /** The clock of a merchant; undefined for a merchant that is not watched. */
  readonly clockOf: (merchantId: string) => (() => number) | undefined;
  readonly onProblem: (problem: MerchantProblem) => void;
  readonly onRecovery: (problem: MerchantProblem) => void;
}

/**
 * Listens to every call of this process, and tells of a merchant whose calls fail in the same way: five failures of one code over
 * a minute or more, without a success of the same operation. Once; and again when each failing operation has succeeded.
 */
export class MerchantWatch {
  readonly #options: WatchOptions;
  readonly #merchants = new Map<string, Map<string, Trouble>>();

  constructor(options: WatchOptions) {
    this.#options = options;
  }

  start(): void {
    this.stop();
    subscribe(CALL_CHANNEL, this.#listen);
  }

  stop(): void {
    unsubscribe(CALL_CHANNEL, this.#listen);
  }

  /** Those that were told, and have not ended. */
  problems(): MerchantProblem[] {
    return [...this.#merchants].flatMap(([merchantId, troubles]) =>
      [...troubles].filter(([, { isTold }]) => isTold).map(([code, { runs }]) => describe(merchantId, code, runs)),
    );
  }

  readonly #listen = (message: unknown): void => {
    const { merchantId, operation, outcome, code = '', errorCode } = message as CallEvent;
    const clock = this.#options.clockOf(merchantId);
    if (!clock || IGNORED.has(code)) return;
    const isSigned = code === 'WECHATPAY_BUSINESS_FAIL';
    if (outcome === 'succeeded' || (isSigned && !NOT_OF_THE_ORDER.has(errorCode ?? ''))) {
      this.#succeeded(merchantId, operation);
    } else {
      this.#failed(
        merchantId,
        operation,
        errorCode === undefined || errorCode === '' ? code : errorCode,
        timeBy(clock),
      );
    }
  };

  #failed(merchantId: string, operation: string, code: string, now: number): void {
    const troubles = this.#merchants.get(merchantId) ?? new Map<string, Trouble>();
    this.#merchants.set(merchantId, troubles);
    const trouble = troubles.get(code) ?? { runs: new Map<string, Run>(), isTold: false };
    troubles.set(code, trouble);
    const run = trouble.runs.get(operation) ?? { failures: 0, since: now };
    trouble.runs.set(operation, run);
    run.failures += 1;
    const problem = describe(merchantId, code, trouble.runs);
    if (trouble.isTold || problem.failures < FAILURES || now - problem.since.getTime() < OVER_MS) return;
    trouble.isTold = true;
    this.#options.onProblem(problem);
  }

  #succeeded(merchantId: string, operation: string): void {
    const troubles = this.#merchants.get(merchantId);
    for (const [code, { runs, isTold }] of troubles ?? []) {
      const problem = describe(merchantId, code, runs);
      if (!runs.delete(operation) || runs.size > 0) continue;
      troubles?.delete(code);
      if (isTold) this.#options.onRecovery(problem);
    }
  }
}

/** For a log: what fails, since when, and where to look. */
export function toError({ merchantId, code, operations, failures, since }: MerchantProblem): DurableOrdersError {
  return new DurableOrdersError(
    'WECHATPAY_MERCHANT_PROBLEM',
    `Merchant ${merchantId}: the last ${failures} calls (${operations.join(', ')}) failed with ${code}, ` +
      `since ${since.toISOString()}. ${remedyOf(code)}`,
  );
}

/** What to do about calls of a merchant that fail with a code. */
export function remedyOf(code: string): string {
  return REMEDIES[code] ?? 'Look at its settings, and at the errors of the steps.';
}

const REMEDIES: Readonly<Record<string, string | undefined>> = {
  WECHATPAY_SIGNATURE_MISMATCH: 'Compare `apiKey` with the Merchant Platform: was it reset?',
  WECHATPAY_GATEWAY_FAIL: 'Compare `apiKey` and `certificate` with the Merchant Platform: was one of them replaced?',
  WECHATPAY_HTTP_STATUS: "Check `certificate`: it must be this merchant's, and valid.",
  WECHATPAY_CONNECTION: 'Check the network to the gateway, and `baseUrl`.',
  WECHATPAY_TIMEOUT: 'Check the network to the gateway, and `baseUrl`.',
  SIGNERROR: 'Compare `apiKey` with the Merchant Platform: was it reset?',
  NOAUTH: 'The merchant lacks a permission: ask WeChat Pay for it.',
  APPID_NOT_EXIST: 'Compare `appId` with the Merchant Platform.',
  APPID_MCHID_NOT_MATCH: 'Compare `appId` and `merchantId` with the Merchant Platform.',
  MCHID_NOT_EXIST: 'Compare `merchantId` with the Merchant Platform.',
  FREQUENCY_LIMITED: 'WeChat Pay asks for fewer calls: lower `concurrency`.',
};

function describe(merchantId: string, code: string, runs: ReadonlyMap<string, Run>): MerchantProblem {
  const all = [...runs.values()];
  return {
    merchantId,
    code,
    operations: [...runs.keys()],
    failures: all.reduce((sum, { failures }) => sum + failures, 0),
    since: new Date(Math.min(...all.map(({ since }) => since))),
  };
}

/** Whatever a subscriber of a diagnostics channel throws ends the process: a broken clock must not. */
function timeBy(clock: () => number): number {
  try {
    const time = clock();
    return Number.isFinite(time) ? time : Date.now();
  } catch {
    return Date.now();
  }
}
