import {
  Inject,
  Injectable,
  Logger,
  Optional,
  type BeforeApplicationShutdown,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { SettlementService } from 'nestjs-wechatpay';
import { Subject, type Observable } from 'rxjs';
import {
  WechatPayBusinessError,
  WechatPayClient,
  WechatPayError,
  type PayAndSettleOptions,
  type PaymentResult,
  type QuickPayRequest,
  type SettledStep,
  type SettleOutcome,
  type SettleState,
} from 'wechatpay-core';
import { DEMO, type Demo } from './demo.js';
import { declinedRemedy, errorWord, outcomeRemedy, STEPS, stepWords } from './till.words.js';

/** An order of this till. */
export interface TillOrder {
  readonly outTradeNo: string;
  readonly description: string;
  readonly totalFee: number;
  readonly currency: string;
  readonly createdAt: Date;
  /** Still worked on, declined by Quick Pay, or as its settlement ended. */
  readonly state: 'paying' | 'declined' | SettleOutcome['kind'];
  /** What the shop has of it, in the currency's minor unit; absent where that is not known. */
  readonly kept?: number;
  /** What the cashier should do, or know. */
  readonly remedy: string;
  /** What happened so far. */
  readonly steps: readonly { readonly at: Date; readonly text: string }[];
  /** What comes next, and when. */
  readonly next?: { readonly text: string; readonly at: Date };
}

/** What changes of an order: `kept` and `next` are as they are said here, and else not known. */
type Change = Pick<TillOrder, 'state' | 'remedy'> & Pick<Partial<TillOrder>, 'kept' | 'next'>;

interface Entry {
  order: TillOrder;
  /** From which it is settled on. */
  settleState?: SettleState;
  readonly refunds: Map<string, number>;
}

/** Orders beyond these are forgotten, the oldest first; those that are not settled stay. */
const MAX_ORDERS = 500;
const SETTLE_ON_MS = 60_000;
const WAITING = { state: 'paying', remedy: 'Wait.' } as const;

/**
 * The orders that were charged here and how they stand: in memory, for the cashier's page.
 *
 * A process that ends forgets them. Where that must not be, an order is written down before it is charged.
 */
@Injectable()
export class Till implements BeforeApplicationShutdown, OnApplicationShutdown {
  readonly #settlements: SettlementService;
  readonly #client: WechatPayClient;
  readonly #wait: PayAndSettleOptions['wait'];
  readonly #logger = new Logger(Till.name);
  readonly #entries = new Map<string, Entry>();
  readonly #running = new Set<Promise<void>>();
  readonly #changes = new Subject<TillOrder>();

  constructor(
    @Inject(SettlementService) settlements: SettlementService,
    @Inject(WechatPayClient) client: WechatPayClient,
    @Optional() @Inject(DEMO) demo?: Demo,
  ) {
    this.#settlements = settlements;
    this.#client = client;
    this.#wait = demo?.clock.wait;
  }

  /** Each order, whenever it changes; ends when the application shuts down. */
  get changes(): Observable<TillOrder> {
    return this.#changes.asObservable();
  }

  /** The newest first. */
  list(): TillOrder[] {
    return [...this.#entries.values()].map(({ order }) => order).reverse();
  }

  get(outTradeNo: string): TillOrder | undefined {
    return this.#entries.get(outTradeNo)?.order;
  }

  /** Begins to charge, and comes back at once. The order is here before anything is sent. */
  pay(request: QuickPayRequest & { currency: string }): TillOrder {
    const { outTradeNo, body: description, totalFee, currency } = request;
    const createdAt = new Date(this.#client.now());
    const order = { outTradeNo, description, totalFee, currency, createdAt, steps: [] };
    const entry: Entry = { order: { ...order, ...WAITING }, refunds: new Map() };
    this.#entries.set(outTradeNo, entry);
    this.#forgetOld();
    this.#changes.next(entry.order);
    this.#run(entry, () =>
      this.#settlements.pay(request, {
        ...this.#settling(entry),
        onUnclear: (error) => {
          const isPaying = error instanceof WechatPayBusinessError && error.errorCode === 'USERPAYING';
          const remedy = isPaying ? 'Ask the customer for the password.' : 'Wait: it is not known yet.';
          this.#tell(entry, `Quick Pay: ${errorWord(error)}`, { state: 'paying', remedy });
        },
      }),
    );
    return entry.order;
  }

  /** Goes on with an order that was left unresolved; any other stays as it is. */
  settle(outTradeNo: string): TillOrder | undefined {
    const entry = this.#entries.get(outTradeNo);
    const { settleState } = entry ?? {};
    if (entry && settleState && entry.order.state === 'unresolved') {
      const deadline = new Date(this.#client.now() + SETTLE_ON_MS);
      this.#tell(entry, 'Settling on', WAITING);
      this.#run(entry, () => this.#settlements.settle(settleState, { ...this.#settling(entry), deadline }));
    }
    return entry?.order;
  }

  /** Notes a refund that WeChat Pay took; told again of the same one, it changes nothing. */
  refunded(outTradeNo: string, outRefundNo: string, refundFee: number): void {
    const entry = this.#entries.get(outTradeNo);
    if (!entry || entry.refunds.has(outRefundNo)) return;
    entry.refunds.set(outRefundNo, refundFee);
    const kept = entry.order.totalFee - [...entry.refunds.values()].reduce((sum, fee) => sum + fee);
    const isWhole = kept <= 0;
    this.#tell(entry, isWhole ? 'Refunded' : 'Refunded in part', {
      state: isWhole ? 'refunded' : 'paid',
      kept,
      remedy: isWhole ? outcomeRemedy({ kind: 'refunded' }) : 'A part was given back.',
    });
  }

  /** Notes a revoke that WeChat Pay took. */
  revoked(outTradeNo: string): void {
    const entry = this.#entries.get(outTradeNo);
    if (entry) this.#tell(entry, 'Revoked', { state: 'revoked', kept: 0, remedy: outcomeRemedy({ kind: 'revoked' }) });
  }

  /** Pages that look on are told that it is over: their connections would keep the server open. */
  beforeApplicationShutdown(): void {
    this.#changes.complete();
  }

  /** By now every settlement was told to stop. */
  async onApplicationShutdown(): Promise<void> {
    await Promise.all(this.#running);
    for (const { outTradeNo, state } of this.list()) {
      if (state === 'unresolved') this.#logger.warn(`${outTradeNo}: whether it was paid is not known. Settle it.`);
    }
  }

  #settling(entry: Entry): Pick<PayAndSettleOptions, 'onStep' | 'wait'> {
    return {
      wait: this.#wait,
      onStep: (step: SettledStep) => {
        const { next, outcome } = step.state;
        entry.settleState = step.state;
        const { remedy } = entry.order;
        const coming = outcome ? {} : { next: { text: STEPS[next.kind], at: new Date(next.at) } };
        this.#tell(entry, stepWords(step), { state: 'paying', remedy, ...coming });
      },
    };
  }

  #run(entry: Entry, work: () => Promise<PaymentResult>): void {
    const running = work()
      .catch((error: unknown): PaymentResult => {
        if (!(error instanceof WechatPayError)) throw error;
        return { outcome: { kind: 'declined', error } }; // the library refuses it: nothing was sent
      })
      .then((result) => {
        if ('state' in result) entry.settleState = result.state;
        this.#end(entry, result.outcome);
      })
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  #end(entry: Entry, outcome: PaymentResult['outcome']): void {
    switch (outcome.kind) {
      case 'declined': {
        const { error } = outcome;
        const remedy = declinedRemedy(error);
        this.#tell(entry, `Quick Pay: ${errorWord(error)}`, { state: 'declined', kept: 0, remedy });
        break;
      }
      case 'paid':
        this.#tell(entry, 'Paid', { state: 'paid', kept: entry.order.totalFee, remedy: 'Hand over the goods.' });
        break;
      case 'revoked':
      case 'closed':
      case 'refunded':
        this.#tell(entry, 'Ended', { state: outcome.kind, kept: 0, remedy: outcomeRemedy(outcome) });
        break;
      case 'refund-required':
      case 'needs-attention':
      case 'unresolved':
        this.#tell(entry, 'Ended', { state: outcome.kind, remedy: outcomeRemedy(outcome) });
    }
  }

  #tell(entry: Entry, text: string, change: Change): void {
    const { outTradeNo, description, totalFee, currency, createdAt, steps } = entry.order;
    const told = { steps: [...steps, { at: new Date(this.#client.now()), text }] };
    entry.order = { outTradeNo, description, totalFee, currency, createdAt, ...told, ...change };
    this.#changes.next(entry.order);
  }

  #forgetOld(): void {
    for (const [outTradeNo, { order }] of this.#entries) {
      if (this.#entries.size <= MAX_ORDERS) return;
      if (order.state !== 'paying' && order.state !== 'unresolved') this.#entries.delete(outTradeNo);
    }
  }
}
