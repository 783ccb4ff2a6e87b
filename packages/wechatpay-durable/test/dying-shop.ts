// A shop in a process of its own, which is killed at a moment: `node --import tsx dying-shop.ts <what, as JSON>`.
import { encodeXml, signFields, type UnifiedOrderRequest } from 'wechatpay-core';
import { DurableOrders } from '../src/index.js';
import { PostgresStore } from '../src/stores/postgres/postgres.js';
import { scripted } from './scripted-client.js';

export interface Dying {
  readonly connectionString: string;
  readonly request: Omit<UnifiedOrderRequest, 'timeExpire'>;
  readonly timeExpire: number;
  /** Between storing the order and Unified Order; or between storing that a notification came and answering it. */
  readonly dies: 'before the call' | 'before the answer';
  readonly notification: Readonly<Record<string, string>>;
}

/** A notification, signed as the scripted gateway signs. */
export function signedNotification(fields: Readonly<Record<string, string>>): string {
  return encodeXml({ ...fields, sign: signFields(fields, '192006250b4c09247ec02edce69f6a2d', 'HMAC-SHA256') });
}

const given = process.argv[2];
if (given?.startsWith('{')) {
  const { connectionString, request, timeExpire, dies, notification } = JSON.parse(given) as Dying;
  const die = (): void => {
    process.kill(process.pid, 'SIGKILL');
  };
  const answer = { trade_type: 'NATIVE', prepay_id: 'wx201', code_url: 'weixin://wxpay/bizpayurl?pr=1' };
  const { client } = scripted([answer], { now: Date.now, ...(dies === 'before the call' && { onCall: die }) });
  const durableOrders = new DurableOrders({ store: new PostgresStore({ connectionString }), clients: client });
  await durableOrders.start({ work: false });
  await durableOrders.create({ ...request, timeExpire: new Date(timeExpire) } as UnifiedOrderRequest);
  const { kind } = await durableOrders.notified(signedNotification(notification));
  if (kind === 'woken') die();
}
