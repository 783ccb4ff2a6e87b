import { Inject, Injectable } from '@nestjs/common';
import {
  downloadStatement,
  WechatPayClient,
  type DownloadStatementOptions,
  type DownloadStatementRequest,
  type Statement,
} from 'wechatpay-core';
import {
  DurableOrders,
  type AcknowledgeOptions,
  type AcknowledgeRequest,
  type ReconcileOptions,
  type ReconcileRequest,
  type Reconciliation,
  type ReconciliationHealth,
  type ReconciliationsRequest,
  type ReconciliationSummary,
} from 'wechatpay-durable';

/**
 * WeChat Pay's daily statement of one merchant, and its reconciliation with the durable orders, as an injectable service. Its errors are those of
 * wechatpay-core and wechatpay-durable, unchanged.
 *
 * @example
 * constructor(@Inject(StatementService) private readonly statements: StatementService) {}
 */
@Injectable()
export class StatementService {
  readonly #client: WechatPayClient;
  readonly #durableOrders: DurableOrders;

  constructor(@Inject(WechatPayClient) client: WechatPayClient, @Inject(DurableOrders) durableOrders: DurableOrders) {
    this.#client = client;
    this.#durableOrders = durableOrders;
  }

  /**
   * Downloads the statement of a day as a stream of rows, with its summary at the end.
   *
   * @param request which day, from 10:00 of the next in Beijing, up to three months back.
   * @throws {WechatPayError} what `downloadStatement` of wechatpay-core throws.
   * @example for await (const row of await statements.download({ date: '20260301' })) console.log(row.outTradeNo, row.totalFee);
   * @see https://pay.weixin.qq.com/doc/global/v2/en/4013665024 (Download Statement)
   */
  download(request: DownloadStatementRequest, options?: DownloadStatementOptions): Promise<Statement> {
    return downloadStatement(this.#client, request, options);
  }

  /**
   * Compares the statement of a day with the durable orders, stores what came of it, and asks WeChat Pay for each order that differs. It moves
   * no money on the statement's word.
   *
   * @throws {Error} what `reconcile` of wechatpay-durable throws.
   * @example const { agreed, differences } = await statements.reconcile({ date: '20260301' });
   */
  reconcile(request: Omit<ReconcileRequest, 'merchantId'>, options?: ReconcileOptions): Promise<Reconciliation> {
    return this.#durableOrders.reconcile(this.#own(request), options);
  }

  /** What came of reconciling a day; undefined where it was not reconciled. */
  reconciliation(request: Omit<ReconcileRequest, 'merchantId'>): Promise<Reconciliation | undefined> {
    return this.#durableOrders.reconciliation(this.#own(request));
  }

  /** The days that are reconciled, without their differences, by their days. @param request by default the last 90 days. */
  reconciliations(request: Omit<ReconciliationsRequest, 'merchantId'> = {}): Promise<ReconciliationSummary[]> {
    return this.#durableOrders.reconciliations(this.#own(request));
  }

  /** Which days are late, and how many differences are open or need a person. */
  health(): Promise<ReconciliationHealth> {
    return this.#durableOrders.reconciliationHealth(this.#own({}));
  }

  /**
   * Notes that a person has looked at a difference: it counts as open no more.
   *
   * @returns false where there is no such difference, or it needs no person.
   * @example
   * const difference = { kind: 'payment', outTradeNo: '20260301-0007' } as const;
   * await statements.acknowledge({ date: '20260301', ...difference }, { actor: 'accounts-2', note: 'paid at the till' });
   */
  acknowledge(request: Omit<AcknowledgeRequest, 'merchantId'>, options?: AcknowledgeOptions): Promise<boolean> {
    return this.#durableOrders.acknowledge(this.#own(request), options);
  }

  /**
   * Notes that a person has dealt with a day that is late, as one whose orders are gone: it counts as late no more.
   *
   * @returns false where the day is not late, or somebody has said so before.
   * @example await statements.acknowledgeDay({ date: '20260301' }, { actor: 'accounts-2', note: 'compared by hand' });
   */
  acknowledgeDay(request: Omit<ReconcileRequest, 'merchantId'>, options?: AcknowledgeOptions): Promise<boolean> {
    return this.#durableOrders.acknowledgeDay(this.#own(request), options);
  }

  #own<Request extends object>(request: Request): Request & { merchantId: string } {
    return { ...request, merchantId: this.#client.merchantId };
  }
}
