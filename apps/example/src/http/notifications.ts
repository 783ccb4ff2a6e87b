import type { IncomingMessage } from 'node:http';

/** Below this path WeChat Pay posts its notifications. */
export const NOTIFICATIONS_PATH = 'wechatpay';

/** WeChat Pay's address for what customers have paid. */
export const PAYMENTS_PATH = `/${NOTIFICATIONS_PATH}/payments`;

const POSTED = [PAYMENTS_PATH, `/${NOTIFICATIONS_PATH}/refunds`];

/**
 * Whether a request comes to one of the routes of `WechatPayNotificationsModule`: it is XML, whose signature says who has sent it, and
 * neither a Host header nor a token.
 */
export function isNotification({ method, url = '' }: IncomingMessage): boolean {
  return method === 'POST' && POSTED.includes(url);
}
