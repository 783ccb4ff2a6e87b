import { afterAll, afterEach } from 'vitest';
import { Sandbox } from 'wechatpay-sandbox';
import { WechatPayClient, type WechatPayConfig } from '../src/index.js';
import { failure } from './failure.js';

/** A sandbox over real TLS and its merchant's client, for the tests of one file; both end with it. */
export interface Gateway {
  readonly sandbox: Sandbox;
  readonly client: WechatPayClient;
  /** Another client of the merchant; whoever makes it closes it. */
  readonly connect: (changes?: Partial<WechatPayConfig>) => WechatPayClient;
  /** What a call is rejected with, searched for the merchant's secrets. */
  readonly failure: (call: Promise<unknown>) => ReturnType<typeof failure>;
}

export async function startGateway(
  config: (sandbox: Sandbox) => Partial<WechatPayConfig> = () => ({}),
): Promise<Gateway> {
  const sandbox = await Sandbox.start();
  const connect = (changes: Partial<WechatPayConfig> = {}): WechatPayClient =>
    new WechatPayClient({ ...sandbox.merchant, ...config(sandbox), ...changes });
  const client = connect();
  afterEach(() => {
    sandbox.faults.clear();
  });
  afterAll(async () => {
    await client.close();
    await sandbox.stop();
  });
  return { sandbox, client, connect, failure: (call) => failure(call, sandbox.merchant) };
}
