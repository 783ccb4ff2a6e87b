import type { DirectReply, Merchant, Sandbox } from '../src/index.js';
import { signedRequest, toXml, type Fields } from './client.js';

/** Calls an endpoint as the merchant, without a socket. */
export function directly(
  sandbox: Sandbox,
  path: string,
  fields: Fields,
  merchant: Merchant = sandbox.merchant,
): DirectReply {
  const body = toXml(signedRequest(sandbox, fields, { merchant }));
  return sandbox.handle({ path, body, clientCertificate: merchant.merchantId });
}

/** The fields of a reply that came through whole; none of any other. */
export function fieldsOf(reply: DirectReply): Fields {
  if (reply.kind !== 'reply') return {};
  const text = reply.body.toString();
  return Object.fromEntries(
    [...text.matchAll(/<(\w+)><!\[CDATA\[(.*?)\]\]><\/\1>/gs)].map(([, name, value]) => [name!, value!]),
  );
}
