import { inspect } from 'node:util';
import { expect } from 'vitest';

/**
 * Searches all that an error shows of itself, to any depth, for a signed request: as it was sent, escaped, in hex, in base64.
 *
 * @param body the request, as the transport was given it.
 */
export function expectNoRequest(shown: unknown, body: string, apiKey: string): void {
  const text = inspect(shown, { depth: null, showHidden: true, maxArrayLength: null, maxStringLength: null });
  const all = `${text}\n${JSON.stringify(shown)}`;
  const values = [...body.matchAll(/<(sign|nonce_str)>([^<]+)</g)].map(([, , value = '']) => value);
  expect(values).toHaveLength(2);
  for (const secret of [body, apiKey, ...values]) {
    const bytes = Buffer.from(secret);
    const [half, shifted] = [
      secret.slice(0, secret.length / 2),
      Buffer.from(`x${secret}`).toString('base64').slice(4, -4),
    ];
    const forms = [half, half.toLowerCase(), encodeURIComponent(half), bytes.toString('base64').slice(0, -4), shifted];
    const spelled = [bytes.toString('hex'), [...bytes].slice(0, 12).join(','), [...bytes].slice(0, 12).join(', ')];
    for (const form of [...forms, ...spelled]) expect(all).not.toContain(form);
  }
  expect(all).not.toMatch(/<\/?(?:xml|sign)>/);
}

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
