import { Inject, Injectable } from '@nestjs/common';
import { selfTest, WechatPayClient, type CircuitState, type SelfTestReport } from 'wechatpay-core';

const DAY_MS = 24 * 60 * 60 * 1000;

/** What @nestjs/terminus takes from a health indicator, under the key that was asked for. */
export type WechatPayHealth<Key extends string> = Record<
  Key,
  {
    status: 'up' | 'down';
    merchantId: string;
    /** ISO 8601; absent with a custom `transport`. */
    certificateExpiresAt?: string;
    certificateDaysLeft?: number;
    /** Whether the gateway answers: `open` where it answers nobody. It is information, and no reason to be `down`. */
    circuit: CircuitState['state'];
    /** What the last self-test found; of `isReady` alone. */
    selfTest?: SelfTestReport['outcome'];
    message?: string;
  }
>;

/**
 * Health of one merchant's client, in the shape of a @nestjs/terminus indicator.
 *
 * `isHealthy`, for liveness: down when the API certificate has expired, since no order can be reversed then. It makes no call:
 * an outage of WeChat Pay must not restart a shop's back end. `isReady`, for readiness, also asks the gateway.
 *
 * @example
 * constructor(@Inject(WechatPayHealthIndicator) private readonly wechatPay: WechatPayHealthIndicator) {}
 */
@Injectable()
export class WechatPayHealthIndicator {
  readonly #client: WechatPayClient;
  #test: { readonly at: number; readonly report: Promise<SelfTestReport> } | undefined;

  constructor(@Inject(WechatPayClient) client: WechatPayClient) {
    this.#client = client;
  }

  /**
   * For liveness: whether the client can do its work, as far as that is known without a call.
   *
   * @param key the name under which the result is reported.
   * @example health.check([() => wechatPay.isHealthy()])
   */
  isHealthy<Key extends string = 'wechatpay'>(key: Key = 'wechatpay' as Key): WechatPayHealth<Key> {
    const { merchantId, certificate } = this.#client;
    const circuit = this.#client.load().circuit.state;
    if (!certificate) return { [key]: { status: 'up', merchantId, circuit } } as WechatPayHealth<Key>;
    const daysLeft = Math.floor((certificate.validTo.getTime() - this.#client.now()) / DAY_MS);
    return {
      [key]: {
        status: daysLeft < 0 ? 'down' : 'up',
        merchantId,
        circuit,
        certificateExpiresAt: certificate.validTo.toISOString(),
        certificateDaysLeft: daysLeft,
        ...(daysLeft < 0 && { message: 'The API certificate has expired.' }),
      },
    } as WechatPayHealth<Key>;
  }

  /**
   * As `isHealthy`, and down where wechatpay-core's `selfTest` proves a setting wrong: the API key, the certificate, appid or
   * mch_id. Up where the gateway cannot be reached or its answer proves nothing; `selfTest` tells.
   *
   * @param options `maxAgeMs`: for how long an answer holds, so that probes do not become calls; default 10 min.
   * @returns the state, whatever the gateway answers and whatever the network does: nothing of that is thrown.
   * @example health.check([() => wechatPay.isReady('wechatpay', { maxAgeMs: 60_000 })])
   */
  async isReady<Key extends string = 'wechatpay'>(
    key: Key = 'wechatpay' as Key,
    { maxAgeMs = 600_000 }: { readonly maxAgeMs?: number } = {},
  ): Promise<WechatPayHealth<Key>> {
    const healthy = this.isHealthy(key)[key];
    const { outcome, message } = await this.#report(maxAgeMs);
    const isWrong = outcome === 'wrong-key' || outcome === 'wrong-certificate' || outcome === 'identity-mismatch';
    const found = isWrong ? { ...healthy, status: 'down', message: healthy.message ?? message } : healthy;
    return { [key]: { ...found, selfTest: outcome } } as WechatPayHealth<Key>;
  }

  // Probes that come at once share one test.
  #report(maxAgeMs: number): Promise<SelfTestReport> {
    const now = performance.now();
    if (!this.#test || now - this.#test.at >= maxAgeMs) this.#test = { at: now, report: selfTest(this.#client) };
    return this.#test.report;
  }
}
