import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Meter, ObservableResult } from '@opentelemetry/api';
import type { DurableReversals } from './durable-reversals.js';
import type { ReversalStatus } from './engine.js';
import { REVERSAL_CHANNEL, type ReversalEvent } from './events.js';

const STATUSES: readonly ReversalStatus[] = ['waiting', 'active', 'done', 'dead', 'cancelled'];

/**
 * Tells a meter of OpenTelemetry's API (an optional peer, `@opentelemetry/api`) about reversals.
 *
 * | instrument | what |
 * | --- | --- |
 * | `wechatpay.reversals` (gauge, `status`) | how many there are, asked for once at each collection |
 * | `wechatpay.reversals.oldest_age` (gauge, s) | for how long the oldest has been open; 0 where none is |
 * | `wechatpay.reversals.late` (gauge, s) | how late the most overdue one is: alarm on this one |
 * | `wechatpay.reversal.steps` (counter, `step`, `result`) | steps of this process |
 * | `wechatpay.reversals.settled` (counter, `outcome`) | ends in this process; needs-attention, unresolved and refund-required need a person |
 * | `wechatpay.reversal.problems` (counter) | failures of the store, of `onSettled`, and leases lost |
 * | `wechatpay.merchant.problem` (gauge, `merchant`, `code`) | 1 while calls of a merchant fail in the same way, then 0: alarm on this one |
 *
 * @example const stop = observeReversals(reversals, metrics.getMeter('shop'));
 * @returns a function that ends it.
 */
export function observeReversals(reversals: DurableReversals, meter: Meter): () => void {
  const count = meter.createObservableGauge('wechatpay.reversals', { description: 'Reversals by status' });
  const oldest = meter.createObservableGauge('wechatpay.reversals.oldest_age', { unit: 's' });
  const late = meter.createObservableGauge('wechatpay.reversals.late', { unit: 's' });
  const steps = meter.createCounter('wechatpay.reversal.steps');
  const settled = meter.createCounter('wechatpay.reversals.settled');
  const problems = meter.createCounter('wechatpay.reversal.problems');
  const merchantProblem = meter.createObservableGauge('wechatpay.merchant.problem', {
    description: 'Calls of a merchant fail, one after another, in the same way',
  });
  /** Those that were seen: their gauge goes back to 0. */
  const seen = new Map<string, Record<string, string>>();

  const observe: Parameters<Meter['addBatchObservableCallback']>[0] = async (result) => {
    const counts = await reversals.counts();
    for (const status of STATUSES) result.observe(count, counts[status], { status });
    const { oldestOpenAt, lateMs } = counts;
    result.observe(oldest, oldestOpenAt ? Math.max(0, Date.now() - oldestOpenAt.getTime()) / 1000 : 0);
    result.observe(late, lateMs / 1000);
  };
  const observeProblems = (result: ObservableResult): void => {
    const now = new Set<string>();
    for (const { merchantId, code } of reversals.merchantProblems()) {
      now.add(`${merchantId} ${code}`);
      seen.set(`${merchantId} ${code}`, { merchant: merchantId, code });
    }
    for (const [key, attributes] of seen) result.observe(now.has(key) ? 1 : 0, attributes);
  };
  const listen = (message: unknown): void => {
    const event = message as ReversalEvent;
    if (event.kind === 'settled') settled.add(1, { outcome: event.outcome.kind });
    if (event.kind === 'problem') problems.add(1);
    if (event.kind !== 'step') return;
    const { step, event: result } = event.step;
    const said =
      result.kind === 'queried' ? result.tradeState : result.kind === 'failed' ? result.error.code : result.kind;
    steps.add(1, { step: step.kind, result: said });
  };

  meter.addBatchObservableCallback(observe, [count, oldest, late]);
  merchantProblem.addCallback(observeProblems);
  subscribe(REVERSAL_CHANNEL, listen);
  return () => {
    meter.removeBatchObservableCallback(observe, [count, oldest, late]);
    merchantProblem.removeCallback(observeProblems);
    unsubscribe(REVERSAL_CHANNEL, listen);
  };
}
