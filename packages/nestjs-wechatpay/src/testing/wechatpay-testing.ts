import { setTimeout as sleep } from 'node:timers/promises';
import type { WechatPayConfig } from 'wechatpay-core';
import { isDurableOrdersError, type DurableRow } from 'wechatpay-durable';
import { MemoryStore } from 'wechatpay-durable/memory';
import { Sandbox, type Merchant, type SandboxClock, type SandboxOptions } from 'wechatpay-sandbox';

/** What `Sandbox.start` takes; the clock is that of the test. */
export type WechatPayTestingOptions = Omit<SandboxOptions, 'now'>;

/** What is due has to be done within so long, in real time. */
const WORK_WITHIN_MS = 20_000;
/** A test moves the clock further than a worker takes for a sign of life. */
const LEASE_MS = 3_600_000;

/**
 * WeChat Pay for the tests of a NestJS application: a gateway in this process, stores in memory, and one clock for all of them, which stands still
 * until the test moves it.
 *
 * Start one for a test file: making its certificates takes a few hundred milliseconds. `sandbox.reset()` begins anew.
 *
 * @example
 * const wechatPay = await WechatPayTesting.start();
 * const builder = Test.createTestingModule({ imports: [AppModule] });
 * const module = await overrideWechatPay(builder, wechatPay).compile();
 * // … a customer pays, and the clock moves …
 * await wechatPay.pass(60_000);
 * await module.close();
 * await wechatPay.stop();
 */
export class WechatPayTesting {
  /** The gateway: its orders, customers, payers, faults and notifications. */
  readonly sandbox: Sandbox;
  readonly #merchants = new Map<string | undefined, Promise<Merchant>>();
  readonly #stores: MemoryStore[] = [];
  readonly #now = (): number => this.clock.now(); // one function: another one is another setting

  private constructor(sandbox: Sandbox) {
    this.sandbox = sandbox;
    this.#merchants.set(undefined, Promise.resolve(sandbox.merchant));
  }

  /**
   * Starts a gateway of its own, on a free port of 127.0.0.1.
   *
   * @throws {Error} an option that is invalid, or a port that is taken.
   */
  static async start(options: WechatPayTestingOptions = {}): Promise<WechatPayTesting> {
    const startedAt = Date.now(); // the certificates are of today
    return new WechatPayTesting(await Sandbox.start({ ...options, now: () => startedAt }));
  }

  /** The time of the gateway, of the clients and of the stores. `advance` moves it; {@link pass} also waits for what is due then. */
  get clock(): SandboxClock {
    return this.sandbox.clock;
  }

  /** The gateway's merchant of a name of `WechatPayModule`; of the one without a name, `sandbox.merchant`. */
  merchant(name?: string): Promise<Merchant> {
    const known = this.#merchants.get(name) ?? this.sandbox.merchants.create();
    this.#merchants.set(name, known);
    return known;
  }

  /** The settings of that merchant, for `WechatPayModule.forRoot` or a `WechatPayClient`. */
  async settings(name?: string): Promise<WechatPayConfig> {
    return this.#settingsFor(await this.merchant(name));
  }

  /** The settings of a merchant of the gateway, by its `mch_id`: for the `load` of a `MerchantRegistry`. Undefined where there is none. */
  settingsOf(merchantId: string): WechatPayConfig | undefined {
    const merchant = this.sandbox.merchants.get(merchantId);
    return merchant && this.#settingsFor(merchant);
  }

  #settingsFor({ appId, merchantId, apiKey, certificate, ca, baseUrl }: Merchant): WechatPayConfig {
    const { pfx, passphrase } = certificate;
    return { appId, merchantId, apiKey, certificate: { pfx, passphrase }, ca, baseUrl, now: this.#now };
  }

  /** A store in memory that goes by this clock: one for each `DurableOrders`. */
  store(): MemoryStore {
    const store = new MemoryStore({ now: () => this.clock.now(), leaseMs: LEASE_MS });
    this.#stores.push(store);
    return store;
  }

  /**
   * Lets time go on: to each moment at which a durable order or refund is due, and has that done, then to the end. Notifications that fall due are
   * sent, and answered, too.
   *
   * @param ms milliseconds, 0 or more; 0 has done what is due now.
   * @throws {Error} what is due is not done within 20 s of real time: no worker runs, or a handler hangs.
   * @example await wechatPay.pass(15_000); // by then an order whose answer was lost is asked for
   */
  async pass(ms: number): Promise<void> {
    if (!(ms >= 0 && Number.isFinite(ms))) throw new TypeError(`pass(ms) takes milliseconds, 0 or more, not ${ms}.`);
    const until = this.clock.now() + ms;
    for (;;) {
      await this.#work();
      const next = Math.min(until, ...(await this.#open()).map(({ dueAt }) => dueAt?.getTime() ?? until));
      if (this.clock.now() >= until) return;
      this.clock.advance(Math.max(1, next - this.clock.now()));
    }
  }

  /** Stops the gateway. Close the applications first. */
  async stop(): Promise<void> {
    await this.sandbox.stop();
  }

  /** Waits until all that is due has been done. */
  async #work(): Promise<void> {
    const since = performance.now();
    for (;;) {
      await this.sandbox.notifications.idle();
      const due = (await this.#open()).filter(({ dueAt }) => !dueAt || dueAt.getTime() <= this.clock.now());
      if (due.length === 0) return;
      if (performance.now() - since > WORK_WITHIN_MS) {
        const ids = due.map(({ id }) => id).join(', ');
        throw new Error(
          `Durable orders are due, and not done within ${WORK_WITHIN_MS / 1000} s: ${ids}. Is the application initialized, and does no ` +
            'handler hang?',
        );
      }
      await sleep(5);
    }
  }

  async #open(): Promise<DurableRow[]> {
    const lists = this.#stores.map(async (store) => {
      try {
        return await store.list({ status: ['waiting', 'active'], limit: 1000 });
      } catch (error) {
        if (isDurableOrdersError(error) && error.code === 'WECHATPAY_STORE_NOT_OPEN') return []; // its application is closed
        throw error;
      }
    });
    return (await Promise.all(lists)).flat();
  }
}
