import type { RequestListener } from 'node:http';
import type { ServerOptions } from 'node:https';
import { afterEach, vi } from 'vitest';
import { CertificateAuthority, type ClientCertificate, type IssuedCertificate } from 'wechatpay-sandbox';
import { encodeXml, signFields, WechatPayClient, type WechatPayConfig } from '../src/index.js';
import { startTlsServer, type TestServer } from './tls-server.js';

const API_KEY = '192006250b4c09247ec02edce69f6a2d';
const APP_ID = 'wx2421b1c4370ec43b';
export const MERCHANT_ID = '1900000109';
export const ORDER = { outTradeNo: '1415717424' };

/** A reply to Revoke Order that says it is done, signed. */
export function reversedReply(): string {
  const reply = {
    return_code: 'SUCCESS',
    appid: APP_ID,
    mch_id: MERCHANT_ID,
    nonce_str: 'o5bAKF3o2ypC8hwa',
    result_code: 'SUCCESS',
    recall: 'N',
  };
  return encodeXml({ ...reply, sign: signFields(reply, API_KEY, 'HMAC-SHA256') });
}

/** Real mutual TLS without a sandbox: what is opened here, or put into `open`, is closed after each test. */
export interface TlsGateway {
  readonly authority: CertificateAuthority;
  readonly server: IssuedCertificate;
  readonly merchant: ClientCertificate;
  /** What no error may show. */
  readonly secrets: { readonly apiKey: string; readonly certificate: ClientCertificate };
  readonly open: { close(): Promise<void> }[];
  readonly serve: (listener: RequestListener, options?: ServerOptions) => Promise<TestServer>;
  readonly connect: (baseUrl: string | string[], config?: Partial<WechatPayConfig>) => WechatPayClient;
}

export async function tlsGateway(): Promise<TlsGateway> {
  const authority = new CertificateAuthority();
  const [server, merchant] = await Promise.all([
    authority.issueServer(),
    authority.issueClient({ commonName: MERCHANT_ID }),
  ]);
  const open: TlsGateway['open'] = [];
  afterEach(async () => {
    vi.unstubAllEnvs();
    await Promise.all(open.splice(0).map((each) => each.close()));
  });
  const serve: TlsGateway['serve'] = async (listener, options = {}) => {
    const started = await startTlsServer(
      { ...server, ca: authority.pem, requestCert: true, rejectUnauthorized: true, ...options },
      listener,
    );
    open.push(started);
    return started;
  };
  const connect: TlsGateway['connect'] = (baseUrl, config = {}) => {
    const client = new WechatPayClient({
      appId: APP_ID,
      merchantId: MERCHANT_ID,
      apiKey: API_KEY,
      certificate: { pfx: merchant.pfx },
      ca: authority.pem,
      baseUrl,
      ...config,
    });
    open.push(client);
    return client;
  };
  return { authority, server, merchant, secrets: { apiKey: API_KEY, certificate: merchant }, open, serve, connect };
}
