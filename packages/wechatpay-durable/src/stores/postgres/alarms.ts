import type { ConstructorOptions, JobAttempt, JobInsert, PgBoss } from 'pg-boss';
import type { SqlExecutor } from '../sql-executor.js';

/** An alarm that has gone off, as this worker was given it. */
export interface Alarm extends JobAttempt {
  readonly heartbeatSeconds?: number | null;
}

/** When the alarm of a row goes off. */
export interface NextAlarm {
  readonly id: string;
  readonly merchantId: string;
  /** From now, in milliseconds; or a time. */
  readonly at: number | Date;
}

/** pg-boss's queue. */
const QUEUE = 'wechatpay-alarms';
const DAY_SECONDS = 24 * 60 * 60;
/** What has not run is never deleted: pg-boss would, after 14 days. */
const NEVER_SECONDS = 60 * 365 * DAY_SECONDS;
/** Every worker that dies counts as a retry. */
const NO_LIMIT = 2 ** 31 - 1;
/** As long as pg-boss lets a handler run that is told to be alive. */
const LONGEST_SECONDS = 23 * 60 * 60;
const START_TRIES = 3;

export const BOSS_OPTIONS: ConstructorOptions = {
  application_name: 'wechatpay-durable',
  schedule: false,
  registerInstance: false,
  // A worker that died is noticed a second after its lease has lapsed.
  superviseIntervalSeconds: 1,
  monitorIntervalSeconds: 1,
};

/**
 * The alarm clock of the rows, by pg-boss's public API: an alarm has the `id` of its row and nothing else, there is one for each row that
 * is open, and none for another. What is done with alarms and rows in one transaction is done to the alarms first.
 */
export class Alarms {
  readonly #boss: PgBoss;
  readonly #leaseSeconds: number;

  constructor(boss: PgBoss, { leaseSeconds }: { leaseSeconds: number }) {
    this.#boss = boss;
    this.#leaseSeconds = leaseSeconds;
  }

  /** Also has pg-boss know the queue: in a transaction it could not look it up. */
  async prepare(): Promise<void> {
    const settings = {
      retryLimit: NO_LIMIT,
      retryDelay: 0,
      retentionSeconds: NEVER_SECONDS,
      expireInSeconds: LONGEST_SECONDS,
      heartbeatSeconds: this.#leaseSeconds,
    };
    await this.#boss.createQueue(QUEUE, settings);
    await this.#boss.updateQueue(QUEUE, settings); // one that an earlier process made with others
  }

  async take(db: SqlExecutor, limit: number, except: readonly string[]): Promise<Alarm[]> {
    const groups = except.length > 0 && { ignoreGroups: except.map(groupOf) };
    return this.#boss.fetch(QUEUE, { batchSize: limit, db, ...groups });
  }

  /** An alarm keeps the length of lease that it was set with: one that is too short for this worker is set anew, due at once. */
  isTooShort({ heartbeatSeconds }: Alarm): boolean {
    return (heartbeatSeconds ?? 0) < this.#leaseSeconds;
  }

  /** Ends alarms that this worker was given. @returns how many were still its own. */
  async end(db: SqlExecutor, alarms: readonly Alarm[]): Promise<number> {
    const attempts = alarms.map(({ id, retryCount }) => ({ id, retryCount }));
    if (attempts.length === 0) return 0;
    // The declaration of what it returns is empty.
    return ((await this.#boss.deleteJob(QUEUE, attempts, { db })) as { affected: number }).affected;
  }

  /** Takes away the alarm of a row, whoever has it: the row tells whether that was right. */
  async drop(db: SqlExecutor, id: string): Promise<void> {
    await this.#boss.deleteJob(QUEUE, id, { db });
  }

  /** @returns how many were set: none where there is one. */
  async set(db: SqlExecutor | undefined, alarms: readonly NextAlarm[]): Promise<number> {
    if (alarms.length === 0) return 0;
    const jobs = alarms.map(({ id, merchantId, at }): JobInsert => ({
      id,
      group: { id: groupOf(merchantId) },
      heartbeatSeconds: this.#leaseSeconds,
      startAfter: at instanceof Date ? at : `${Math.max(0, at)} milliseconds`,
    }));
    const ids = await this.#boss.insert(QUEUE, jobs, { returnId: true, ...(db && { db }) });
    return ids?.length ?? 0;
  }

  async touch(alarms: readonly Alarm[]): Promise<void> {
    await this.#boss.touch(
      QUEUE,
      alarms.map(({ id, retryCount }) => ({ id, retryCount })),
    );
  }
}

/** @throws what pg-boss throws, and nothing of it is left open. */
export async function startBoss(make: () => PgBoss, onError: (error: Error) => void): Promise<PgBoss> {
  for (let time = 1; ; time += 1) {
    const boss = make();
    boss.on('error', onError);
    try {
      await boss.start();
      return boss;
    } catch (error) {
      await boss.stop({ graceful: false });
      if (time === START_TRIES || !isRace(error)) throw error;
    }
  }
}

/** Another process made the same at the same time: of IF NOT EXISTS, PostgreSQL makes no lock. */
function isRace(error: unknown): boolean {
  return ['23505', '42P06', '42P07', '42710'].includes(String((Object(error) as { code?: unknown }).code));
}

function groupOf(merchantId: string): string {
  return merchantId === '' ? '-' : merchantId;
}
