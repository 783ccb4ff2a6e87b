import { randomBytes } from 'node:crypto';
import { html, xml, type Answer } from './answer.js';
import { needsCertificate } from './client-certificate.js';
import type { SandboxClock } from './clock.js';
import type { Endpoint, Verdict } from './endpoint.js';
import type { Faults } from './fault-queue.js';
import { takesEffect } from './faults.js';
import type { Merchant, Merchants } from './merchants.js';
import type { Orders } from './orders.js';
import { Refusal, refusedFields } from './refusal.js';
import type { RequestEntry } from './requests.js';
import { reverse } from './reverse.js';
import { isSignedWith, type SignType } from './sign.js';
import { sound, spoil } from './spoil.js';
import { decode, type Document, type Fields } from './xml.js';

/** A new endpoint is one file and one line here. */
const endpoints: readonly Endpoint[] = [reverse];

/** What the gateway works with. */
export interface House {
  readonly merchants: Merchants;
  readonly orders: Orders;
  readonly faults: Faults;
  readonly clock: SandboxClock;
  readonly enforceRevokeDelay: boolean;
  readonly unsignedRefusals: boolean;
}

/** Answers one request. All of it happens in one go, so that two requests for one order cannot cross. */
export function answer(request: RequestEntry, body: Buffer, house: House): Answer {
  const endpoint = endpoints.find(({ path }) => path === request.path);
  if (endpoint === undefined) return html(404, 'Not Found');

  const document = decode(body);
  const fields = document.fields ?? {};
  request.fields = fields;
  // The request names its merchant, and signs with that one's key. Where it does not, the certificate tells.
  const merchant = house.merchants.get(fields.mch_id) ?? house.merchants.get(request.clientCertificate);
  try {
    assertWellFormed(request, document, endpoint);
    if (merchant === undefined) throw new Refusal('INVALID_REQUEST', 'mch_id is unknown');
    assertIdentity(request, merchant);
    const verdict = endpoint.judge({ ...house, fields, merchant });
    request.answer = 'SUCCESS';
    return reply(verdict, request, merchant, house);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    request.answer = `${error.errorCode} (${error.message})`;
    const unsigned = unsignedMessage(error, merchant, house);
    if (merchant === undefined || unsigned !== undefined) {
      return xml({ return_code: 'FAIL', return_msg: unsigned ?? `${error.errorCode}: ${error.message}` });
    }
    const recall = endpoint.hasRecall ? error.recall : undefined;
    return reply({ fields: refusedFields(error.errorCode, error.message, recall) }, request, merchant, house);
  }
}

function assertWellFormed(request: RequestEntry, document: Document, endpoint: Endpoint): void {
  if (request.method !== 'POST') throw new Refusal('REQUIRE_POST_METHOD');
  if (document.problem !== undefined) throw new Refusal('PARAM_ERROR', document.problem);
  for (const [name, { maxLength, required }] of Object.entries(endpoint.fields)) {
    const value = document.fields[name] ?? '';
    if (required === true && value === '') throw new Refusal('PARAM_ERROR', `${name} is required`);
    if (Array.from(value).length > maxLength) throw new Refusal('PARAM_ERROR', `${name} is longer than ${maxLength}`);
  }
  if (!['', 'MD5', 'HMAC-SHA256'].includes(document.fields.sign_type ?? '')) {
    throw new Refusal('PARAM_ERROR', 'sign_type is neither MD5 nor HMAC-SHA256');
  }
}

function assertIdentity({ path, fields, clientCertificate }: RequestEntry, merchant: Merchant): void {
  if (fields.mch_id !== merchant.merchantId) throw new Refusal('INVALID_REQUEST', 'mch_id is unknown');
  if (fields.appid !== merchant.appId) throw new Refusal('INVALID_REQUEST', 'appid is not of this mch_id');
  if (needsCertificate(path) && clientCertificate !== merchant.merchantId) {
    throw new Refusal('INVALID_REQUEST', 'the client certificate is not of this mch_id');
  }
  assertSubMerchant(fields, merchant);
  if (!isSignedWith(fields, merchant.apiKey, signTypeOf(fields))) throw new Refusal('SIGNERROR');
}

function assertSubMerchant(fields: Fields, { subMerchants }: Merchant): void {
  const { sub_mch_id: subMerchantId = '', sub_appid: subAppId = '' } = fields;
  if (subMerchants.length === 0) {
    if (subMerchantId === '' && subAppId === '') return;
    throw new Refusal('INVALID_REQUEST', 'sub_mch_id and sub_appid are for institutions');
  }
  if (subMerchantId === '') throw new Refusal('PARAM_ERROR', 'sub_mch_id is required of an institution');
  const subMerchant = subMerchants.find((sub) => sub.subMerchantId === subMerchantId);
  if (subMerchant === undefined) throw new Refusal('INVALID_REQUEST', 'sub_mch_id is not of this mch_id');
  if (subAppId !== '' && subMerchant.subAppId !== undefined && subAppId !== subMerchant.subAppId) {
    throw new Refusal('INVALID_REQUEST', 'sub_appid is not of this sub_mch_id');
  }
}

/** Carries the verdict out and words the reply, unless a fault stands in between. */
function reply(verdict: Verdict, request: RequestEntry, merchant: Merchant, { faults }: House): Answer {
  const { fields } = request;
  const fault = faults.take(request);
  if (fault === undefined || takesEffect(fault)) verdict.commit?.();
  const whole = {
    identity: {
      return_code: 'SUCCESS',
      return_msg: 'OK',
      appid: echo(fields.appid) ?? merchant.appId,
      mch_id: echo(fields.mch_id) ?? merchant.merchantId,
      ...present('sub_appid', echo(fields.sub_appid)),
      ...present('sub_mch_id', echo(fields.sub_mch_id)),
      nonce_str: randomBytes(16).toString('hex'),
    },
    verdict: verdict.fields,
    apiKey: merchant.apiKey,
    signType: signTypeOf(fields),
  };
  if (fault === undefined) return sound(whole);
  request.fault = fault.kind;
  return spoil(fault, whole);
}

/** The page has both ways: it lists these two as codes, and as texts of an unsigned return_msg. */
function unsignedMessage(refusal: Refusal, merchant: Merchant | undefined, house: House): string | undefined {
  if (!house.unsignedRefusals || merchant === undefined) return undefined;
  if (refusal.errorCode === 'SIGNERROR') return 'Signature Failure';
  return refusal.errorCode === 'PARAM_ERROR' ? 'Parameter format checking error' : undefined;
}

function signTypeOf(fields: Fields): SignType {
  return fields.sign_type === 'HMAC-SHA256' ? 'HMAC-SHA256' : 'MD5';
}

/** What a field of the reply may repeat of the request: nothing that the reply's own page would not let in. */
function echo(value: string | undefined): string | undefined {
  return value !== undefined && value !== '' && value.length <= 32 ? value : undefined;
}

function present(name: string, value: string | undefined): Fields {
  return value === undefined ? {} : { [name]: value };
}
