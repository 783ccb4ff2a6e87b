import { createHash, createHmac, randomBytes } from 'node:crypto';
import { Agent, request, type RequestOptions } from 'node:https';
import type { Merchant, Sandbox } from '../src/index.js';

/** A client as bare as can be, that shares nothing with the gateway: tests look at bytes, not at somebody's idea of them. */

export interface RawReply {
  status: number;
  headers: NodeJS.Dict<string | string[]>;
  body: Buffer;
  text: string;
  /** By pattern, from `<name><![CDATA[value]]></name>`. */
  fields: Record<string, string>;
}

export type Fields = Record<string, string>;

export interface CallOptions {
  /** Whose identities, key and certificate. @default the sandbox's own merchant */
  merchant?: Merchant;
  signType?: 'MD5' | 'HMAC-SHA256';
  /** Changes or (with '') removes fields before signing. */
  fields?: Fields;
  /** Changes fields after signing. */
  afterSigning?: Fields;
  request?: RequestOptions;
}

export function signWith(fields: Fields, apiKey: string, signType: 'MD5' | 'HMAC-SHA256' = 'MD5'): string {
  const names = Object.keys(fields).filter((name) => name !== 'sign' && fields[name] !== '');
  const text = `${names
    .sort()
    .map((name) => `${name}=${fields[name]!}`)
    .join('&')}&key=${apiKey}`;
  const hash = signType === 'MD5' ? createHash('md5') : createHmac('sha256', apiKey);
  return hash.update(text).digest('hex').toUpperCase();
}

/** Reverses `outTradeNo` as the merchant: identities, nonce and signature are filled in. */
export function reverse(sandbox: Sandbox, outTradeNo: string, options: CallOptions = {}): Promise<RawReply> {
  return call(sandbox, { out_trade_no: outTradeNo }, options);
}

export function call(sandbox: Sandbox, fields: Fields, options: CallOptions = {}): Promise<RawReply> {
  const { merchant = sandbox.merchant } = options;
  return send(sandbox, toXml(signedRequest(sandbox, fields, options)), withCertificate(merchant, options.request));
}

/** Calls an endpoint as the merchant, with the certificate where the endpoint asks for one. */
export function post(sandbox: Sandbox, path: string, fields: Fields, options: CallOptions = {}): Promise<RawReply> {
  const { merchant = sandbox.merchant } = options;
  const request = { path, ...options.request };
  return send(
    sandbox,
    toXml(signedRequest(sandbox, fields, options)),
    path.startsWith('/secapi/') ? withCertificate(merchant, request) : request,
  );
}

/** The fields of a Submit Quick Pay. */
export function purchase(authCode: string, outTradeNo: string, more: Fields = {}): Fields {
  return {
    body: 'a cup of tea',
    out_trade_no: outTradeNo,
    total_fee: '1250',
    fee_type: 'HKD',
    spbill_create_ip: '203.0.113.7',
    auth_code: authCode,
    ...more,
  };
}

export function quickPay(
  sandbox: Sandbox,
  authCode: string,
  outTradeNo: string,
  options: CallOptions = {},
): Promise<RawReply> {
  return post(sandbox, '/pay/micropay', purchase(authCode, outTradeNo), options);
}

export function queryOrder(sandbox: Sandbox, outTradeNo: string, options: CallOptions = {}): Promise<RawReply> {
  return post(sandbox, '/pay/orderquery', { out_trade_no: outTradeNo }, options);
}

export function refund(
  sandbox: Sandbox,
  outTradeNo: string,
  outRefundNo: string,
  refundFee: number,
  options: CallOptions = {},
): Promise<RawReply> {
  const fields = {
    out_trade_no: outTradeNo,
    out_refund_no: outRefundNo,
    total_fee: '1250',
    refund_fee: String(refundFee),
  };
  return post(sandbox, '/secapi/pay/refund', fields, options);
}

export function queryRefund(sandbox: Sandbox, fields: Fields, options: CallOptions = {}): Promise<RawReply> {
  return post(sandbox, '/pay/refundquery', fields, options);
}

export function signedRequest(sandbox: Sandbox, fields: Fields, options: CallOptions = {}): Fields {
  const { merchant = sandbox.merchant, signType } = options;
  const unsigned: Fields = {
    appid: merchant.appId,
    mch_id: merchant.merchantId,
    nonce_str: randomBytes(16).toString('hex'),
    ...(signType && { sign_type: signType }),
    ...fields,
    ...options.fields,
  };
  return { ...unsigned, sign: signWith(unsigned, merchant.apiKey, signType), ...options.afterSigning };
}

export function withCertificate({ certificate }: Merchant, options: RequestOptions = {}): RequestOptions {
  return { cert: certificate.cert, key: certificate.key, ...options };
}

export function toXml(fields: Fields): string {
  const entries = Object.entries(fields).filter(([, value]) => value !== '');
  return `<xml>${entries.map(([name, value]) => `<${name}><![CDATA[${value}]]></${name}>`).join('')}</xml>`;
}

export function send(
  gateway: Pick<Sandbox, 'baseUrl' | 'ca'>,
  body: string | Buffer,
  options: RequestOptions = {},
): Promise<RawReply> {
  return new Promise((resolve, reject) => {
    const agent = new Agent({ keepAlive: false });
    const sent = request(
      gateway.baseUrl,
      {
        method: 'POST',
        path: '/secapi/pay/reverse',
        ca: gateway.ca,
        agent,
        headers: { 'Content-Length': Buffer.byteLength(body) },
        ...options,
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const raw = Buffer.concat(chunks);
          const text = raw.toString();
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: raw,
            text,
            fields: Object.fromEntries(
              [...text.matchAll(/<(\w+)><!\[CDATA\[(.*?)\]\]><\/\1>/gs)].map(([, name, value]) => [name!, value!]),
            ),
          });
        });
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}
