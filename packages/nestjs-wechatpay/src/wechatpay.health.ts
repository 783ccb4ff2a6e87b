import { Inject, Injectable } from '@nestjs/common';
import {
  clientHealth,
  selfTest,
  WechatPayClient,
  type CircuitState,
  type ClientHealthCode,
  type ClientHealthRules,
  type HealthStatus,
  type SelfTestReport,
} from 'wechatpay-core';

/** What @nestjs/terminus takes from a health indicator, under the key that was asked for. */
export type WechatPayHealth<Key extends string> = Record<
  Key,
  {
    /** `degraded`: it works, and somebody has to look. Terminus answers it with 200. */
    status: HealthStatus;
    merchantId: string;
    /** ISO 8601; absent with a custom `transport`. */
    certificateExpiresAt?: string;
    certificateDaysLeft?: number;
    /** Whether the gateway answers: `open` where it answers nobody. */
    circuit: CircuitState['state'];
    /** Which rules do not hold: those of wechatpay-core's `clientHealth`. */
    findings?: ClientHealthCode[];
    /** What the last self-test found; of `isReady` alone. */
    selfTest?: SelfTestReport['outcome'];
    /** What is wrong, and what to do. */
    message?: string;
  }
>;

/**
 * Health of one merchant's client, in the shape of a @nestjs/terminus indicator, by the rules of wechatpay-core's `clientHealth`.
 *
 * `isHealthy`, for liveness, is never down: nothing that it finds goes away by a restart, after which no client could be made of a certificate
 * that has expired. It is degraded from 14 days before that, and while the gateway answers nobody; it makes no call. `isReady`, for readiness, is down
 * once the certificate has expired, since no order can be reversed then, and also asks the gateway.
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
   * For liveness: whether somebody has to look, as far as that is known without a call. Never down.
   *
   * @param key the name under which the result is reported.
   * @param rules `certificateDays`: a certificate is `degraded` in its last so many days; default 14.
   * @throws {WechatPayConfigError} a rule that is unknown or invalid.
   * @example health.check([() => wechatPay.isHealthy()])
   */
  isHealthy<Key extends string = 'wechatpay'>(
    key: Key = 'wechatpay' as Key,
    rules: ClientHealthRules = {},
  ): WechatPayHealth<Key> {
    const { status, ...known } = this.#health(rules);
    return { [key]: { status: status === 'up' ? status : 'degraded', ...known } } as WechatPayHealth<Key>;
  }

  /**
   * By the rules of `clientHealth`: down once the certificate has expired. And down where wechatpay-core's `selfTest` proves a setting wrong: the API
   * key, the certificate, appid or mch_id. Where the gateway cannot be reached or its answer proves nothing, that changes nothing; `selfTest` tells.
   *
   * @param options `maxAgeMs`: for how long an answer holds, so that probes do not become calls; default 10 min. And the rules of
   *   `isHealthy`.
   * @returns the state, whatever the gateway answers and whatever the network does: nothing of that is thrown.
   * @throws {WechatPayConfigError} a rule that is unknown or invalid.
   * @example health.check([() => wechatPay.isReady('wechatpay', { maxAgeMs: 60_000 })])
   */
  async isReady<Key extends string = 'wechatpay'>(
    key: Key = 'wechatpay' as Key,
    { maxAgeMs = 600_000, ...rules }: ClientHealthRules & { readonly maxAgeMs?: number } = {},
  ): Promise<WechatPayHealth<Key>> {
    const healthy = this.#health(rules);
    const { outcome, message } = await this.#report(maxAgeMs);
    const isWrong = outcome === 'wrong-key' || outcome === 'wrong-certificate' || outcome === 'identity-mismatch';
    const found = isWrong ? { ...healthy, status: 'down', message: healthy.message ?? message } : healthy;
    return { [key]: { ...found, selfTest: outcome } } as WechatPayHealth<Key>;
  }

  #health(rules: ClientHealthRules): WechatPayHealth<'wechatpay'>['wechatpay'] {
    const { certificateExpiresAt, findings, ...known } = clientHealth(this.#client, rules);
    return {
      ...known,
      ...(certificateExpiresAt && { certificateExpiresAt: certificateExpiresAt.toISOString() }),
      ...told(findings),
    };
  }

  // Probes that come at once share one test.
  #report(maxAgeMs: number): Promise<SelfTestReport> {
    const now = performance.now();
    if (!this.#test || now - this.#test.at >= maxAgeMs) this.#test = { at: now, report: selfTest(this.#client) };
    return this.#test.report;
  }
}

/** The findings, as a health report shows them; nothing where there is none. */
export function told<Code extends string>(
  findings: readonly { readonly code: Code; readonly message: string }[],
): { findings?: Code[]; message?: string } {
  if (findings.length === 0) return {};
  return { findings: findings.map(({ code }) => code), message: findings.map(({ message }) => message).join(' ') };
}
