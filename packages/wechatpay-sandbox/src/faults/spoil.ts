import { describe, refusedFields } from '../gateway/refusal.js';
import { html, xml, type Answer } from '../http/answer.js';
import { randomAlphanumeric, randomAppId, randomDigits } from '../random.js';
import { sign, type SignType } from '../wire/sign.js';
import type { Fields } from '../wire/xml.js';
import type { Fault } from './faults.js';

/** A reply that is ready to be signed. */
export interface Reply {
  /** return_code, the identities and the nonce: what every reply has. */
  readonly identity: Fields;
  /** What was decided. */
  readonly verdict: Fields;
  /** Whether replies of this endpoint carry `recall`. */
  readonly hasRecall: boolean;
  readonly apiKey: string;
  readonly signType: SignType;
}

/** The reply as it should be. */
export function sound(reply: Reply): Answer {
  return xml(signed(reply));
}

/** What can happen to an answer of any kind; as it is where the fault is one of replies. */
export function spoilAnswer(fault: Fault, whole: Answer): Answer {
  switch (fault.kind) {
    case 'delay':
      return { ...whole, delivery: { kind: 'delay', delayMs: fault.delayMs } };
    case 'hang':
    case 'cut':
      return { ...whole, delivery: { kind: fault.kind, at: fault.at ?? 'headers' } };
    case 'status':
      return html(fault.status, 'Sandbox Fault');
    case 'redirect': {
      const page = html(302, 'Found');
      return { ...page, headers: { ...page.headers, Location: fault.location ?? '/moved' } };
    }
    case 'empty-body':
      return { ...whole, body: '' };
    case 'endless':
      return { ...whole, body: ' '.repeat(16 * 1024), delivery: { kind: 'endless' } };
    case 'return-fail':
      return xml({ return_code: 'FAIL', return_msg: fault.returnMessage ?? 'system error' });
    case 'retmsg':
      return xml({ return_code: 'FAIL', retmsg: fault.message ?? 'system error', retcode: '1' });
    default:
      return whole;
  }
}

/** The reply as the fault wants it. */
export function spoil(fault: Fault, reply: Reply): Answer {
  const { identity, verdict, signType } = reply;
  const whole = sound(reply);
  const text = whole.body.toString();
  const withBody = (body: string | Buffer): Answer => ({ ...whole, body });
  const withFields = (changed: Fields): Answer => sound({ ...reply, verdict: { ...verdict, ...changed } });
  const refused = (errorCode: string, description?: string, recall?: boolean): Answer => {
    const page = describe(errorCode);
    const refusal = { errorCode, message: description ?? page.description, recall: recall ?? page.recall };
    return sound({ ...reply, verdict: refusedFields(refusal, reply.hasRecall || recall !== undefined) });
  };
  // What the reply turns on: recall where the endpoint has it, else whether it succeeded at all.
  const [decisive, turned] = reply.hasRecall
    ? ['recall', verdict.recall === 'Y' ? 'N' : 'Y']
    : ['result_code', verdict.result_code === 'SUCCESS' ? 'FAIL' : 'SUCCESS'];

  switch (fault.kind) {
    case 'recall':
      return fault.resultCode === 'SUCCESS' ? withFields({ recall: 'Y' }) : refused('SYSTEMERROR', undefined, true);
    case 'error':
      return refused(fault.errorCode, fault.errorDescription, fault.recall);
    case 'truncated-xml':
      return withBody(text.slice(0, text.length / 2));
    case 'wrong-signature':
      return sound({ ...reply, apiKey: randomAlphanumeric(32) });
    case 'missing-signature':
      return xml({ ...identity, ...verdict });
    case 'other-algorithm':
      return sound({ ...reply, signType: signType === 'MD5' ? 'HMAC-SHA256' : 'MD5' });
    case 'foreign-merchant': {
      const other = fault.merchant ?? {
        appId: randomAppId(),
        merchantId: randomDigits(10, '19'),
        apiKey: randomAlphanumeric(32),
      };
      const identities = { ...identity, appid: other.appId, mch_id: other.merchantId };
      return sound({ ...reply, identity: identities, apiKey: other.apiKey });
    }
    case 'foreign-identity':
      return withFields(fault.fields ?? { appid: randomAppId() });
    case 'tampered':
      return xml({ ...signed(reply), ...(fault.fields ?? { [decisive]: turned }) });
    case 'doctype':
      return withBody(`<!DOCTYPE xml [<!ENTITY e0 SYSTEM "file:///etc/passwd">]>\n${withAttach(text, '&e0;')}`);
    case 'entity-bomb':
      return withBody(`${entityBomb()}\n${withAttach(text, '&e9;')}`);
    case 'oversized':
      return withFields({ attach: 'x'.repeat(fault.bytes ?? 128 * 1024) });
    case 'invalid-utf8':
      return withBody(notUtf8(Buffer.from(withFields({ attach: '\uFFFD' }).body)));
    case 'duplicate-field':
      return withBody(text.replace(`<${decisive}>`, `<${decisive}><![CDATA[${turned}]]></${decisive}>\n<${decisive}>`));
    case 'return-code':
      return withFields({ return_code: fault.returnCode ?? 'UNKNOWN' });
    case 'extra-field':
      return withFields(fault.fields ?? { settlement_hint: 'a field that the page does not list' });
    case 'empty-field':
      return withFields({ [fault.field ?? 'attach']: '' });
    default:
      return spoilAnswer(fault, whole);
  }
}

function signed({ identity, verdict, apiKey, signType }: Reply): Fields {
  const fields = { ...identity, ...verdict };
  return { ...fields, sign: sign(fields, apiKey, signType) };
}

/** The signature takes `attach` for empty, so that it holds for a client that drops entities in silence. */
function withAttach(text: string, value: string): string {
  return text.replace('</xml>', `<attach>${value}</attach>\n</xml>`);
}

/** Each entity is ten times the one before it: a gigabyte from one reference. */
function entityBomb(): string {
  const entities = Array.from({ length: 9 }, (_, i) => `<!ENTITY e${i + 1} "${`&e${i};`.repeat(10)}">`);
  return `<!DOCTYPE xml [<!ENTITY e0 "x">${entities.join('')}]>`;
}

/** Signed for the replacement character, so that the signature holds for a client that decodes leniently. */
function notUtf8(body: Buffer): Buffer {
  const at = body.indexOf('\uFFFD');
  return Buffer.concat([body.subarray(0, at), Buffer.of(0xff), body.subarray(at + 3)]);
}
