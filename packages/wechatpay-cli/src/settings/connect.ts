import { configFromEnvironment, WechatPayClient, type Environment } from 'wechatpay-core';
import type { Session } from '../session.js';
import { chooseMerchant, merchantsIn, type NamedMerchant } from './merchants.js';
import { readVariables } from './variables.js';

/** A merchant's client, made of its variables. */
function connect(session: Session): WechatPayClient {
  const environment = readVariables(session);
  return clientOf(session, environment, chooseMerchant(session, environment));
}

/** Each merchant's client that the environment has, or that of the one that was chosen. */
export function connectAll(session: Session): readonly WechatPayClient[] {
  const environment = readVariables(session);
  const all = session.options.merchant === undefined ? merchantsIn(environment) : [];
  const chosen = all.length > 0 ? all : [chooseMerchant(session, environment)];
  return chosen.map((merchant) => clientOf(session, environment, merchant));
}

function clientOf({ io }: Session, environment: Environment, { prefix }: NamedMerchant): WechatPayClient {
  return new WechatPayClient({ ...configFromEnvironment(environment, { prefix }), now: io.now });
}

/** Runs what asks a merchant's gateway, and closes its connections. */
export async function withClient<Result>(
  session: Session,
  work: (client: WechatPayClient) => Promise<Result>,
): Promise<Result> {
  const client = connect(session);
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

/** Whether it is WeChat Pay itself that these hosts are, or something that stands in for it. */
export function isLive(baseUrls: readonly string[]): boolean {
  return baseUrls.some((url) => /(?:^|\.)mch\.weixin\.qq\.com$/.test(new URL(url).hostname));
}
