import type * as BullMq from 'bullmq';
import type { Job } from 'bullmq';
import { LeaseLostError } from '../../errors.js';
import type { ProblemListener, DurableOrderData, OrderHandler } from '../store.js';
import { toError, withoutCommand } from './redis-connection.js';

/** What a worker's steps have in common. */
interface Work {
  readonly bullmq: typeof BullMq;
  readonly handler: OrderHandler;
  readonly onProblem: ProblemListener;
  /** Aborted when no other step is to begin. */
  readonly signal: AbortSignal;
  /** What the handler works on is in here. */
  readonly inHand: Set<Promise<unknown>>;
  /** Runs the script SAVE. @returns false where the lease is lost. */
  readonly write: (id: string, token: string, json: string, due: number | '', kind: string) => Promise<boolean>;
}

/** What a handler threw at is delivered again after this. */
const AGAIN_AFTER_MS = 5_000;

/** One delivery, from the lease to the verdict. Where that cannot be stored the lease lapses, and another worker goes on. */
export async function takeStep(job: Job<DurableOrderData>, token: string, work: Work): Promise<void> {
  const { bullmq, handler, onProblem, signal, inHand, write } = work;
  const id = job.id ?? '';
  let isOver = false;
  const save = async (data: DurableOrderData, due: number | '' = '', kind = ''): Promise<void> => {
    const isSaved = !isOver && (await write(id, token, JSON.stringify(data), due, kind));
    if (!isSaved) throw new LeaseLostError(id);
  };
  try {
    if (signal.aborted) {
      await job.moveToDelayed(Date.now(), token);
      return;
    }
    const working = handler({ id, data: job.data, signal, save: (data) => save(data) });
    inHand.add(working);
    const verdict = await working
      .catch((error: unknown) => {
        onProblem(toError(error), id);
        return undefined;
      })
      .finally(() => inHand.delete(working));
    const due = Date.now() + Math.ceil(verdict?.kind === 'again' ? verdict.delayMs : AGAIN_AFTER_MS);
    if (verdict) await save(verdict.data, due, verdict.kind);
    isOver = true;
    // BullMQ checks the token of each move itself.
    if (verdict?.kind === 'done') {
      await job.moveToCompleted(null, token, false);
    } else if (verdict?.kind === 'dead') {
      await job.moveToFailed(new bullmq.UnrecoverableError(verdict.data.outcome?.kind ?? 'dead'), token, false);
    } else {
      await job.moveToDelayed(due, token);
    }
    if (verdict && verdict.kind !== 'again') verdict.onStored?.();
  } catch (error) {
    onProblem(withoutCommand(error), id);
  } finally {
    isOver = true;
  }
}
