import { randomBytes } from 'node:crypto';
import type { SandboxClock } from '../clock.js';
import { closeOrder } from '../endpoints/close-order.js';
import { downloadStatement } from '../endpoints/download-statement.js';
import type { Endpoint, Verdict } from '../endpoints/endpoint.js';
import { queryExchangeRate } from '../endpoints/query-exchange-rate.js';
import { queryOrder } from '../endpoints/query-order.js';
import { queryRefund } from '../endpoints/query-refund.js';
import { querySettlement } from '../endpoints/query-settlement.js';
import { quickPay } from '../endpoints/quick-pay.js';
import { refund } from '../endpoints/refund.js';
import { reverse } from '../endpoints/reverse.js';
import { unifiedOrder } from '../endpoints/unified-order.js';
import { takesEffect } from '../faults/catalogue.js';
import type { Faults } from '../faults/fault-queue.js';
import { sound, spoil, spoilAnswer } from '../faults/spoil.js';
import { html, xml, type Answer } from '../http/answer.js';
import type { Notifications } from '../notifications/notifications.js';
import type { Ledger } from '../orders/ledger.js';
import type { Orders } from '../orders/orders.js';
import type { Customers } from '../parties/customers.js';
import type { Merchant, Merchants } from '../parties/merchants.js';
import type { Statements } from '../statement/statements.js';
import { decode, type Document, type Fields } from '../wire/xml.js';
import { assertIdentity, signTypeOf } from './identity.js';
import { Refusal, refusedFields } from './refusal.js';
import type { RequestEntry } from './requests.js';
import { assertWellFormed } from './well-formed.js';

/** A new endpoint is one file and one line here. */
const endpoints: readonly Endpoint[] = [
  ...[quickPay, unifiedOrder, queryOrder, closeOrder, reverse, refund, queryRefund],
  ...[downloadStatement, querySettlement, queryExchangeRate],
];

/** What the gateway works with. */
export interface House {
  readonly merchants: Merchants;
  readonly orders: Orders;
  readonly ledger: Ledger;
  readonly statements: Statements;
  readonly customers: Customers;
  readonly faults: Faults;
  readonly clock: SandboxClock;
  readonly notifications: Notifications;
  /** Keeps all changes of an answer at once, or none. */
  readonly inOneGo: (work: () => void) => void;
  readonly enforceReverseDelay: boolean;
  readonly enforceCloseDelay: boolean;
  readonly unsignedRefusals: boolean;
  readonly refundDelayMs: number;
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
  const verdict = judge(endpoint, request, document, merchant, house);
  if ('fields' in verdict) request.answer = 'SUCCESS';
  else if ('answer' in verdict) {
    request.answer = verdict.what;
    return deliverFile(verdict.answer, request, house);
  } else {
    const { errorCode, message } = verdict.refusal;
    request.answer = `${errorCode} (${message})`;
    if (endpoint.unsignedRefusal !== undefined) return xml(endpoint.unsignedRefusal(verdict.refusal));
    const unsigned = unsignedMessage(verdict.refusal, merchant, house);
    if (unsigned !== undefined) return xml({ return_code: 'FAIL', return_msg: unsigned });
  }
  // Whoever is unknown was refused, and told so without a signature: nobody's key could make one.
  if (merchant === undefined) throw new Error('an unknown merchant was served');
  return reply(verdict, request, endpoint, merchant, house);
}

type Reply = Exclude<Verdict, { readonly answer: Answer }>;

function judge(
  endpoint: Endpoint,
  request: RequestEntry,
  document: Document,
  merchant: Merchant | undefined,
  house: House,
): Verdict {
  try {
    assertWellFormed(request.method, document, endpoint);
    assertIdentity(request, merchant, endpoint, house.merchants);
    return endpoint.judge({ ...house, fields: request.fields, merchant });
  } catch (error) {
    if (error instanceof Refusal) return { refusal: error };
    throw error;
  }
}

/** What is no reply meets the faults of the network alone. */
function deliverFile(file: Answer, request: RequestEntry, house: House): Answer {
  const fault = house.faults.take(request);
  if (fault === undefined) return file;
  request.fault = fault.kind;
  return spoilAnswer(fault, file);
}

/** Carries the verdict out and words the reply, unless a fault stands in between. */
function reply(verdict: Reply, request: RequestEntry, endpoint: Endpoint, merchant: Merchant, house: House): Answer {
  const { fields } = request;
  const fault = house.faults.take(request);
  const { commit } = verdict;
  if (commit && (fault === undefined || takesEffect(fault))) house.inOneGo(commit);
  const whole = {
    identity: {
      return_code: 'SUCCESS',
      return_msg: 'OK',
      appid: echo(fields.appid) ?? merchant.appId,
      mch_id: echo(fields.mch_id) ?? merchant.merchantId,
      ...present('sub_appid', echo(fields.sub_appid)),
      ...present('sub_mch_id', echo(fields.sub_mch_id)),
      ...(endpoint.isNonceless !== true && { nonce_str: randomBytes(16).toString('hex') }),
    },
    verdict: 'fields' in verdict ? verdict.fields : refusedFields(verdict.refusal, endpoint.hasRecall),
    hasRecall: endpoint.hasRecall,
    apiKey: house.merchants.signingKeyOf(merchant),
    signType: signTypeOf(fields),
  };
  if (fault === undefined) return sound(whole);
  request.fault = fault.kind;
  return spoil(fault, whole);
}

/**
 * What a refusal says that cannot be signed, or need not: the page lists two both as codes, and as texts of an unsigned
 * return_msg.
 */
function unsignedMessage(refusal: Refusal, merchant: Merchant | undefined, house: House): string | undefined {
  const { errorCode, message } = refusal;
  if (merchant === undefined) return `${errorCode}: ${message}`;
  if (!house.unsignedRefusals) return undefined;
  if (errorCode === 'SIGNERROR') return 'Signature Failure';
  return errorCode === 'PARAM_ERROR' ? 'Parameter format checking error' : undefined;
}

/** What a field of the reply may repeat of the request: nothing that the reply's own page would not let in. */
function echo(value: string | undefined): string | undefined {
  return value !== undefined && value !== '' && value.length <= 32 ? value : undefined;
}

function present(name: string, value: string | undefined): Fields {
  return value === undefined ? {} : { [name]: value };
}
