// The floor: undici's `Pool.dispatch`, which wechatpay-core uses too, with its TLS options and its pool; a body that is
// ready, and a reply that is only read. No client over undici can be faster.
import { readFileSync } from 'node:fs';
import { Pool } from 'undici';
import { PATH, requestFields, toXml } from '../documents.js';

export function open({ port, ca, pfxFile, passphrase }) {
  const pool = new Pool(`https://127.0.0.1:${port}`, {
    connections: 64,
    connect: { pfx: readFileSync(pfxFile), passphrase, ca, minVersion: 'TLSv1.2' },
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: 4_000,
  });
  const headers = { 'content-type': 'text/xml; charset=utf-8', accept: '*/*' };
  const body = toXml(requestFields('HMAC-SHA256'));
  const post = () =>
    new Promise((resolve, reject) => {
      const chunks = [];
      pool.dispatch(
        { path: PATH, method: 'POST', headers, body },
        {
          onRequestStart() {
            // undici insists on it
          },
          onResponseStart(_controller, status) {
            if (status !== 200) reject(new Error(`HTTP ${status}`));
          },
          onResponseData: (_controller, chunk) => chunks.push(chunk),
          onResponseEnd: () => resolve(Buffer.concat(chunks)),
          onResponseError: (_controller, error) => reject(error),
        },
      );
    });
  const close = () => pool.close();
  return { call: post, close, isReversed: (reply) => reply.includes('<recall><![CDATA[N]]></recall>') };
}
