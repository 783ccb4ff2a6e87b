import { randomUUID } from 'node:crypto';
import { DurableOrdersError } from '../errors.js';
import type { ReconciliationKey, ReconciliationStore } from '../stores/store.js';

/** For how long a process that has died keeps others from a day. */
const LEASE_MS = 60_000;
const RENEW_MS = 20_000;

/** A day that nobody else works on. */
export interface HeldDay {
  /**
   * Stores what came of it.
   *
   * @throws {DurableOrdersError} `WECHATPAY_RECONCILING`: it is held no more, and nothing was stored.
   */
  readonly put: (data: object) => Promise<void>;
  /** Aborted where the caller's is, and where somebody else has the day. */
  readonly signal: AbortSignal;
}

/**
 * Works on a day, which nobody else does meanwhile.
 *
 * @throws {DurableOrdersError} `WECHATPAY_RECONCILING`: somebody does.
 */
export async function withDay<Result>(
  reconciliations: ReconciliationStore,
  key: ReconciliationKey,
  work: (day: HeldDay) => Promise<Result>,
  signal?: AbortSignal,
): Promise<Result> {
  const owner = randomUUID();
  if (!(await reconciliations.claim(key, owner, LEASE_MS))) {
    throw new DurableOrdersError(
      'WECHATPAY_RECONCILING',
      `The statement of ${key.date} is being reconciled, here or elsewhere: wait, then look at its reconciliation.`,
      { outcome: 'not-sent' },
    );
  }
  const losing = new AbortController();
  let lost: DurableOrdersError | undefined;
  const lose = (): DurableOrdersError => {
    lost ??= new DurableOrdersError(
      'WECHATPAY_RECONCILING',
      `This process has lost the statement of ${key.date} to another, and stores nothing more of it: look at its reconciliation.`,
    );
    losing.abort(lost);
    return lost;
  };
  let renewing: NodeJS.Timeout | undefined;
  const renewLater = (): void => {
    renewing = setTimeout(() => {
      renewLater();
      reconciliations.renew(key, owner, LEASE_MS).then(
        (isHeld) => {
          if (!isHeld) lose();
        },
        () => undefined, // the next one is in time, or nothing is stored
      );
    }, RENEW_MS);
  };
  renewLater();
  const put = async (data: object): Promise<void> => {
    if (!(await reconciliations.put(key, owner, data))) throw lose();
  };
  try {
    return await work({ put, signal: AbortSignal.any(signal ? [signal, losing.signal] : [losing.signal]) });
  } catch (error) {
    if (lost) throw lost;
    throw error;
  } finally {
    clearTimeout(renewing);
    await reconciliations.release(key, owner).catch(() => undefined); // it lapses
  }
}
