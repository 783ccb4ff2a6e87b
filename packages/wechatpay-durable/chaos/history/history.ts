import type { SettleOutcome, SettleState } from 'wechatpay-core';
import type { Balance, Movement, Order, RecordedRequest } from 'wechatpay-sandbox';
import type { StoredReversal } from '../src/index.js';
import type { Change } from './audit.js';
import type { Note } from './crew.js';
import type { ScriptedOrder } from './orders.js';

/** All that is known of an order in the end, from everybody who has seen it. Times are real. */
export interface OrderEvidence {
  readonly script: ScriptedOrder;
  /** When it was handed to a cashier, and to which. */
  readonly handed: readonly { readonly at: number; readonly by: string }[];
  readonly answers: readonly Note[];
  /** The steps of the workers, and the ends that the shop was told. */
  readonly steps: readonly Note[];
  readonly told: readonly Note[];
  readonly changes: readonly Change[];
  readonly requests: readonly (Omit<RecordedRequest, 'at'> & { readonly at: number })[];
  readonly movements: readonly Movement[];
  readonly balance: Balance;
  readonly gateway: Order | undefined;
  readonly stored: StoredReversal | undefined;
}

export interface Evidence {
  readonly orders: readonly OrderEvidence[];
  /** Real time of a time of the fast clock. */
  readonly realTime: (fast: number) => number;
  readonly killedAt: ReadonlyMap<string, number>;
  readonly counts: Readonly<Record<string, number>>;
  readonly faults: Readonly<Record<string, number>>;
  /** Processes that ended unasked, and what did not come to rest in time. */
  readonly falls: readonly string[];
  readonly unfinished: readonly string[];
  readonly redriven: readonly string[];
  readonly leasesLost: number;
}

/** What happened to an order, in the order of time. */
export function tellHistory(
  { script, handed, answers, steps, told, changes, requests, movements, balance, gateway, stored }: OrderEvidence,
  { realTime }: Evidence,
): string {
  const lines: [number, string][] = [
    ...handed.map(({ at, by }): [number, string] => [at, `handed to ${by}`]),
    ...answers.map(({ at, by, answer, reason = '' }): [number, string] => [
      at,
      `${by} was answered: ${String(answer)} ${String(reason)}`,
    ]),
    ...steps.map(({ at, by, step }): [number, string] => [at, `${by} had taken the step: ${String(step)}`]),
    ...told.map(({ at, by, outcome }): [number, string] => [at, `${by} told the shop: ${String(outcome)}`]),
    ...changes.map(({ at, by, change, state, attempt, data }): [number, string] => {
      const { kind, sent } = data.state;
      const seen = { kind, ...sent, outcome: outcomeIn(data.state)?.kind };
      return [at, `${by} ${change} ${state} #${attempt} ${JSON.stringify(seen)}`];
    }),
    ...requests.map(({ at, path, answer, fault }): [number, string] => [
      at,
      `gateway: ${path} -> ${answer ?? ''}${fault ? ` (fault: ${fault})` : ''}`,
    ]),
    ...movements.map(({ at, kind, amount }): [number, string] => [realTime(at.getTime()), `LEDGER: ${kind} ${amount}`]),
  ];
  const begin = Math.min(...lines.map(([at]) => at));
  const { outTradeNo, about, totalFee } = script;
  const end = `  store: ${stored?.status ?? 'none'} ${stored?.outcome?.kind ?? ''}; gateway: ${gateway?.state ?? 'none'}; net ${balance.net} of ${totalFee}`;
  return [
    `  ${outTradeNo}: ${about}${script.isUnlucky ? ', unlucky' : ''}`,
    ...lines
      .sort(([one], [other]) => one - other)
      .map(([at, text]) => `  ${((at - begin) / 1000).toFixed(3).padStart(8)} s ${text}`),
    end,
  ].join('\n');
}

/** The outcome of a state; absent where it has none. */
export function outcomeIn(state: SettleState): SettleOutcome | undefined {
  return state.kind === 'ended' ? state.outcome : undefined;
}
