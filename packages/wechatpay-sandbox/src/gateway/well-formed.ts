import type { Endpoint, FormCodes } from '../endpoints/endpoint.js';
import { notUtf8, type Document } from '../wire/xml.js';
import { Refusal } from './refusal.js';

/** What the Revoke Order page calls it, and most others. */
const broadCodes: FormCodes = {
  missingField: 'PARAM_ERROR',
  notXml: 'PARAM_ERROR',
  notUtf8: 'PARAM_ERROR',
  unknownMerchant: 'INVALID_REQUEST',
  foreignApp: 'INVALID_REQUEST',
};

/** The codes of this endpoint's page. */
export function codesOf({ codes }: Endpoint): FormCodes {
  return { ...broadCodes, ...codes };
}

/** Looks at the form of a request, before anyone asks whose it is. @throws {Refusal} */
export function assertWellFormed(method: string, document: Document, endpoint: Endpoint): void {
  const codes = codesOf(endpoint);
  if (method !== 'POST') throw new Refusal('REQUIRE_POST_METHOD');
  if (document.problem !== undefined) {
    throw new Refusal(document.problem === notUtf8 ? codes.notUtf8 : codes.notXml, document.problem);
  }
  for (const [name, { maxLength, required, format }] of Object.entries(endpoint.fields)) {
    const value = document.fields[name] ?? '';
    if (required === true && value === '') throw new Refusal(codes.missingField, `${name} is required`);
    if (Array.from(value).length > maxLength) throw new Refusal('PARAM_ERROR', `${name} is longer than ${maxLength}`);
    if (value !== '' && format?.test(value) === false) {
      throw new Refusal('PARAM_ERROR', `${name} has not the form that the page gives`);
    }
  }
  if (!['', 'MD5', 'HMAC-SHA256'].includes(document.fields.sign_type ?? '')) {
    throw new Refusal('PARAM_ERROR', 'sign_type is neither MD5 nor HMAC-SHA256');
  }
}
