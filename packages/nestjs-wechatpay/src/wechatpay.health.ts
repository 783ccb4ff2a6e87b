import { Inject, Injectable } from '@nestjs/common';
import { WechatPayClient } from 'wechatpay-core';

const DAY_MS = 24 * 60 * 60 * 1000;

/** What @nestjs/terminus takes from a health indicator, under the key that was asked for. */
export type WechatPayHealth<Key extends string> = Record<
  Key,
  {
    status: 'up' | 'down';
    merchantId: string;
    /** ISO 8601; absent with a `transport` of one's own. */
    certificateExpiresAt?: string;
    certificateDaysLeft?: number;
    message?: string;
  }
>;

/**
 * Health of one merchant's client, in the shape of a @nestjs/terminus indicator.
 *
 * Down when the API certificate has expired, since no order can be revoked then. It makes no call: an outage of
 * WeChat Pay must not restart a shop's back end.
 *
 * @example health.check([() => wechatPay.isHealthy('wechatpay')])
 */
@Injectable()
export class WechatPayHealthIndicator {
  readonly #client: WechatPayClient;

  constructor(@Inject(WechatPayClient) client: WechatPayClient) {
    this.#client = client;
  }

  /** @param key the name under which the result is reported. */
  isHealthy<Key extends string = 'wechatpay'>(key: Key = 'wechatpay' as Key): WechatPayHealth<Key> {
    const { merchantId, certificate } = this.#client;
    if (!certificate) return { [key]: { status: 'up', merchantId } } as WechatPayHealth<Key>;
    const daysLeft = Math.floor((certificate.validTo.getTime() - this.#client.now()) / DAY_MS);
    return {
      [key]: {
        status: daysLeft < 0 ? 'down' : 'up',
        merchantId,
        certificateExpiresAt: certificate.validTo.toISOString(),
        certificateDaysLeft: daysLeft,
        ...(daysLeft < 0 && { message: 'The API certificate has expired.' }),
      },
    } as WechatPayHealth<Key>;
  }
}
