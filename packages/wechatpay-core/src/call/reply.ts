import { assertUnambiguous, IDENTIFIERS } from './deciding.js';
import {
  WechatPayBusinessError,
  WechatPayGatewayError,
  WechatPayResponseError,
  WechatPaySignatureError,
  WechatPayTransportError,
} from '../errors.js';
import type { VerifyingKey } from './merchant-key.js';
import { otherSignType, type Fields } from './sign.js';
import type { TransportResponse } from '../transport/transport.js';
import { escaped, quoted, withoutSecrets } from './untrusted-text.js';
import { decodeXml } from './xml.js';
import { type ErrorCodes } from '../advice.js';

// From the bytes of an answer to a reply that an operation may read: what each step may believe.

declare const verified: unique symbol;

/** The fields of a reply whose signature holds, without `sign`. Nothing else can yield a `result_code`. */
export type VerifiedReply = Readonly<Record<string, string>> & { readonly [verified]: true };

/** HTTP status, XML, `return_code`: what can be judged before the signature, and only to refuse. */
export function readReply(response: TransportResponse, request: Fields): Record<string, string> {
  assertOk(response);
  const reply = decodeXml(response.body);
  assertTalks(reply, request);
  return reply;
}

/** @throws {WechatPayTransportError} another HTTP status than 200. */
export function assertOk({ status, body }: TransportResponse): void {
  if (status === 200) return;
  throw new WechatPayTransportError('WECHATPAY_HTTP_STATUS', describeStatus(status, body), 'unknown', { status });
}

/** @throws {WechatPayGatewayError | WechatPayResponseError} another `return_code` than SUCCESS, or none. */
export function assertTalks(reply: Fields, request: Fields): void {
  const { return_code: returnCode } = reply;
  if (!returnCode)
    throw new WechatPayResponseError('the reply has no return_code. Its outcome is unknown: query the order.');
  if (returnCode !== 'SUCCESS') {
    const said = withoutSecrets(reply.return_msg ?? reply.retmsg ?? '', secretsOf(request));
    throw new WechatPayGatewayError(
      `the gateway answered return_code ${quoted(returnCode, 16)}, ${quoted(said)}. ` +
        'That is unsigned, so the outcome is unknown: query the order.',
      { returnCode: escaped(returnCode, 16), returnMessage: escaped(said) },
    );
  }
}

/** What can be believed: a reply whose signature holds, in which each field that decides can be read in one way alone. */
export function verifyReply(
  reply: Record<string, string>,
  request: Fields,
  key: VerifyingKey,
  signType = key.signType,
): VerifiedReply {
  if (!key.verify(reply, signType)) {
    const other = otherSignType(signType);
    const what = !reply.sign
      ? 'the reply has no signature'
      : key.verify(reply, other)
        ? `the reply is signed with ${other}, but the request asked for ${signType}`
        : (sayExpired(key.expired(reply, signType)) ??
          'the signature of the reply does not hold; if it never does, check apiKey');
    throw new WechatPaySignatureError(`${what}. Nothing in it was believed: its outcome is unknown; query the order.`);
  }
  assertUnambiguous(reply);
  return withoutSignatures(reply, request.sign ?? '') as VerifiedReply;
}

/** Of what the key before signed after its time. */
export function sayExpired(until: Date | undefined): string | undefined {
  return (
    until &&
    `it is signed with previousApiKey, which was accepted until ${until.toISOString()}; if it has to be for longer, give a later date`
  );
}

// Neither the reply's nor ours, which a text of the reply may repeat: replies end up in logs.
function withoutSignatures(reply: Record<string, string>, own: string): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const name of Object.keys(reply)) {
    const value = reply[name] ?? '';
    if (name !== 'sign') fields[name] = value.length < own.length ? value : withoutSecrets(value, [own]);
  }
  return fields;
}

function secretsOf({ sign, nonce_str: nonce, auth_code: code }: Fields): readonly string[] {
  return [sign, nonce, code].filter((secret) => secret !== undefined && secret !== null);
}

// The two pages of HTML with which the gateway refuses a connection's certificate.
function describeStatus(status: number, body: Uint8Array): string {
  const page = Buffer.from(body).toString('latin1');
  const hint = page.includes('No required SSL certificate')
    ? ' No client certificate arrived: check `certificate`.'
    : page.includes('SSL certificate error')
      ? " The client certificate was refused: use this merchant's, from the Merchant Platform."
      : '';
  return `the gateway answered HTTP ${status}.${hint} The outcome is unknown: query the order, or repeat the call.`;
}

/** Whom and what a reply is about. The first two are in every signed reply; the others where the gateway sends them. */
export function assertSameParties(request: Fields, reply: Fields, required = ['appid', 'mch_id']): void {
  for (const name of PARTIES) {
    if (!required.includes(name) && (!request[name] || !reply[name])) continue;
    if (request[name] !== reply[name]) {
      throw new WechatPayResponseError(
        `the reply is about another ${name} than the request. Its outcome is unknown: query the order.`,
      );
    }
  }
}

const PARTIES = ['appid', 'mch_id', 'sub_appid', 'sub_mch_id', ...IDENTIFIERS];

/** `result_code`, which says how the business ended; only here, behind the signature, is it looked at. */
export function assertSucceeded(errorCodes: ErrorCodes, reply: VerifiedReply, request: Fields): void {
  const { result_code: resultCode, err_code: errorCode = '', err_code_des: description = '' } = reply;
  if (resultCode === 'SUCCESS') return;
  if (resultCode !== 'FAIL') {
    throw new WechatPayResponseError(
      'the reply has no result_code of SUCCESS or FAIL. Its outcome is unknown: query the order.',
    );
  }
  const recall = reply.recall === 'Y' ? true : reply.recall === 'N' ? false : undefined;
  const row = Object.hasOwn(errorCodes, errorCode) ? errorCodes[errorCode] : undefined;
  const [code, said] = [errorCode, description].map((text) => withoutSecrets(text, secretsOf(request))) as [
    string,
    string,
  ];
  throw new WechatPayBusinessError(
    `${quoteCode(code)} (${quoted(said)}). ${row?.solution ?? 'Query the order.'}`,
    row?.outcome ?? 'unknown',
    {
      errorCode: escaped(code, 32),
      errorDescription: escaped(said),
      recall,
      advice: row?.advice ?? (recall ? 'reverse-again' : 'query-order'),
      raw: reply,
    },
  );
}

/** A `result_code` FAIL of a reply that has no signature: what it says is nobody's word. */
export function unsignedRefusal(reply: Fields, request: Fields): WechatPayGatewayError | WechatPayResponseError {
  if (reply.result_code !== 'FAIL')
    return new WechatPayResponseError('the reply has no result_code of SUCCESS or FAIL. Query it again.');
  const said = [reply.err_code, reply.err_code_des].filter(Boolean).join(', ');
  const shown = withoutSecrets(said, secretsOf(request));
  return new WechatPayGatewayError(
    `the gateway answered result_code FAIL, ${quoted(shown)}. That is unsigned: query it again.`,
    {
      returnCode: 'SUCCESS',
      returnMessage: escaped(shown),
    },
  );
}

function quoteCode(errorCode: string): string {
  if (errorCode === '') return 'FAIL without err_code';
  return /^\w{1,32}$/.test(errorCode) ? escaped(errorCode, 32) : quoted(errorCode, 32);
}
