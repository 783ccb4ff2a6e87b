import { inspect } from 'node:util';
import { expect } from 'vitest';

interface Merchant {
  readonly apiKey: string;
  readonly certificate: { readonly cert: string; readonly key: string; readonly pfx: Uint8Array };
}

/** Searches all that an error or an event shows of itself for secrets, signatures, certificates and whole bodies. */
export function expectNoSecrets(shown: unknown, { apiKey, certificate }: Merchant): void {
  const text = [
    shown instanceof Error ? [shown.message, shown.stack, String(shown.cause)] : [],
    inspect(shown, { depth: null, showHidden: true }),
    JSON.stringify(shown),
  ]
    .flat()
    .join('\n');
  const pem = [certificate.key, certificate.cert].flatMap((file) =>
    file.split('\n').filter((line) => line.length === 64),
  );
  for (const secret of [apiKey, ...pem, Buffer.from(certificate.pfx).toString('base64').slice(0, 64)]) {
    expect(text).not.toContain(secret);
  }
  expect(text).not.toMatch(/-----BEGIN|<(?:nonce_str|sign)>|\b[0-9A-F]{64}\b/);
}
