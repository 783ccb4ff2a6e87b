import type { ResolutionOutcome, ResolutionState } from 'wechatpay-core';
import type { Balance, Movement, Order, RecordedRequest } from 'wechatpay-sandbox';
import type { DurableOrder, DurableRefund } from '../../src/index.js';
import type { LogEntry } from '../cluster/cluster-process.js';
import type { WorkloadOrder } from '../workload/workload.js';
import type { Change, RefundChange } from './audit.js';
import type { ReconcilingHistory } from './reconciling.js';

/** What every part of the cluster recorded of one order. Times are real. */
export interface OrderHistory {
  readonly planned: WorkloadOrder;
  /** When it was handed to a cashier, and to which. */
  readonly handed: readonly { readonly at: number; readonly by: string }[];
  readonly answers: readonly LogEntry[];
  /** The steps of the workers, and the ends that the shop was told. */
  readonly steps: readonly LogEntry[];
  readonly told: readonly LogEntry[];
  readonly changes: readonly Change[];
  /** Of its refunds. */
  readonly refundChanges: readonly RefundChange[];
  readonly refundsTold: readonly LogEntry[];
  readonly requests: readonly (Omit<RecordedRequest, 'at'> & { readonly at: number })[];
  readonly movements: readonly Movement[];
  readonly balance: Balance;
  readonly gateway: Order | undefined;
  readonly stored: DurableOrder | undefined;
  readonly refunds: readonly DurableRefund[];
}

/** What was recorded of the whole run: what the checker reads. */
export interface History {
  readonly orders: readonly OrderHistory[];
  /** Real time of a time of the fast clock. */
  readonly realTime: (fast: number) => number;
  readonly killedAt: ReadonlyMap<string, number>;
  readonly counts: Readonly<Record<string, number>>;
  readonly faults: Readonly<Record<string, number>>;
  /** Processes that ended unasked, and what did not come to rest in time. */
  readonly unexpectedExits: readonly string[];
  readonly unfinished: readonly string[];
  readonly redriven: readonly string[];
  readonly leasesLost: number;
  readonly reconciling: ReconcilingHistory;
}

/** What happened to an order, in the order of time. */
export function describeHistory(order: OrderHistory, { realTime }: History): string {
  const { planned, handed, answers, steps, told, changes, requests, movements, balance, gateway, stored } = order;
  const lines: [number, string][] = [
    ...handed.map(({ at, by }): [number, string] => [at, `handed to ${by}`]),
    ...answers.map(({ at, by, answer, reason = '' }): [number, string] => [
      at,
      `${by} was answered: ${String(answer)} ${String(reason)}`,
    ]),
    ...steps.map(({ at, by, step }): [number, string] => [at, `${by} had taken the step: ${String(step)}`]),
    ...told.map(({ at, by, outcome }): [number, string] => [at, `${by} told the shop: ${String(outcome)}`]),
    ...changes.map(({ at, by, change, status, lease, data }): [number, string] => {
      const { kind, sent } = data.state;
      const seen = { kind, ...sent, outcome: outcomeIn(data.state)?.kind };
      return [at, `${by} ${change} ${status} #${lease} ${JSON.stringify(seen)}`];
    }),
    ...order.refundChanges.map(({ at, by, change, status, lease, data }): [number, string] => {
      const { kind, submissions, request } = data.state;
      const seen = { kind, submissions, outcome: data.outcome?.kind };
      return [at, `${by} ${change} ${request.outRefundNo} ${status} #${lease} ${JSON.stringify(seen)}`];
    }),
    ...order.refundsTold.map(({ at, by, outRefundNo, outcome }): [number, string] => [
      at,
      `${by} told the shop: ${String(outRefundNo)} ${String(outcome)}`,
    ]),
    ...requests.map(({ at, path, fields, answer, fault }): [number, string] => [
      at,
      `gateway: ${path} ${fields.out_refund_no ?? ''} -> ${answer ?? ''}${fault ? ` (fault: ${fault})` : ''}`,
    ]),
    ...movements.map(({ at, kind, amount }): [number, string] => [realTime(at.getTime()), `LEDGER: ${kind} ${amount}`]),
  ];
  const begin = Math.min(...lines.map(([at]) => at));
  const { outTradeNo, about, totalFee } = planned;
  const end = `  store: ${stored?.status ?? 'none'} ${stored?.outcome?.kind ?? ''}; gateway: ${gateway?.state ?? 'none'}; net ${balance.net} of ${totalFee}`;
  return [
    `  ${outTradeNo}: ${about}${planned.isUnlucky ? ', unlucky' : ''}`,
    ...lines
      .sort(([one], [other]) => one - other)
      .map(([at, text]) => `  ${((at - begin) / 1000).toFixed(3).padStart(8)} s ${text}`),
    end,
  ].join('\n');
}

/** The outcome of a state; absent where it has none. */
export function outcomeIn(state: ResolutionState): ResolutionOutcome | undefined {
  return state.kind === 'ended' ? state.outcome : undefined;
}
