import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expectNoSecrets } from '../../test/secrets.js';
import { CertificateAuthority, type ClientCertificate } from 'wechatpay-sandbox';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { certificateInfo, WechatPayConfigError, type CertificateConfig } from '../index.js';

const MERCHANT_ID = '1900000109';
const API_KEY = '192006250b4c09247ec02edce69f6a2d';
// Made by `openssl pkcs12 -export -legacy -certpbe PBE-SHA1-RC2-40`, as old downloads of the Merchant Platform are.
const LEGACY = fileURLToPath(new URL('../../test/fixtures/rc2-40.p12', import.meta.url));

// Made by `openssl pkcs12 -export -nokeys`, and by `-nocerts`.
const NO_KEY = fileURLToPath(new URL('../../test/fixtures/no-key.p12', import.meta.url));
const NO_CERTIFICATE = fileURLToPath(new URL('../../test/fixtures/no-certificate.p12', import.meta.url));
const LONG = 'etc/wechatpay'.repeat(6);

const authority = new CertificateAuthority();
const folder = mkdtempSync(join(tmpdir(), 'wechatpay-certificate-'));
let issued: ClientCertificate;
let other: ClientCertificate;
let encryptedKey: string;

beforeAll(async () => {
  [issued, other] = await Promise.all([
    authority.issueClient({ commonName: MERCHANT_ID }),
    authority.issueClient({ commonName: MERCHANT_ID }),
  ]);
  encryptedKey = createPrivateKey(issued.key)
    .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'hunter2' })
    .toString();
  writeFileSync(join(folder, 'cert.p12'), issued.pfx);
  writeFileSync(join(folder, 'cert.pem'), issued.cert);
  writeFileSync(join(folder, 'key.pem'), issued.key);
  writeFileSync(join(folder, 'cert.line'), issued.cert.replaceAll('\n', '\\n'));
  writeFileSync(join(folder, 'key.line'), issued.key.replaceAll('\n', '\\n'));
  writeFileSync(join(folder, 'empty.p12'), '');
  mkdirSync(join(folder, LONG), { recursive: true });
  writeFileSync(join(folder, LONG, 'certificate'), issued.pfx);
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('reads', () => {
  const oneLine = (pem: string, by: string): string => pem.trim().replaceAll('\n', by);
  const both = (): string => `Bag Attributes\n    localKeyID: 01\n${issued.key}Bag Attributes\n${issued.cert}`;
  const base64 = (content: string | Buffer): string => Buffer.from(content).toString('base64');
  const forms: [string, () => CertificateConfig][] = [
    ['pfx as a Buffer', () => ({ pfx: issued.pfx })],
    ['pfx as a path', () => ({ pfx: join(folder, 'cert.p12') })],
    ['pfx as base64', () => ({ pfx: base64(issued.pfx) })],
    ['pfx as base64 in lines', () => ({ pfx: base64(issued.pfx).replace(/.{76}/g, '$&\n') })],
    ['pfx with a passphrase', () => ({ pfx: issued.pfx, passphrase: MERCHANT_ID })],
    ['PEM as text', () => ({ cert: issued.cert, key: issued.key })],
    ['PEM as Buffers', () => ({ cert: Buffer.from(issued.cert), key: Buffer.from(issued.key) })],
    ['PEM as paths', () => ({ cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') })],
    ['PEM as base64', () => ({ cert: base64(issued.cert), key: base64(issued.key) })],
    [
      'PEM in one line with \\n',
      () => ({ cert: issued.cert.replaceAll('\n', '\\n'), key: issued.key.replaceAll('\n', '\\n') }),
    ],
    ['PEM in quotes, as docker --env-file leaves them', () => ({ cert: `"${issued.cert}"`, key: `'${issued.key}'` })],
    [
      'PEM in quotes, in one line with \\r\\n',
      () => ({ cert: `"${issued.cert.replaceAll('\n', '\\r\\n')}"`, key: `"${issued.key.replaceAll('\n', '\\n')}"` }),
    ],
    ['PEM whose line breaks became spaces', () => ({ cert: oneLine(issued.cert, ' '), key: oneLine(issued.key, ' ') })],
    ['PEM whose line breaks were dropped', () => ({ cert: oneLine(issued.cert, ''), key: oneLine(issued.key, '') })],
    ['PEM with Windows line ends', () => ({ cert: issued.cert.replaceAll('\n', '\r\n'), key: issued.key })],
    ['PEM files in one line with \\n', () => ({ cert: join(folder, 'cert.line'), key: join(folder, 'key.line') })],
    ['base64 of PEM in quotes', () => ({ cert: `"${base64(issued.cert)}"`, key: base64(issued.key) })],
    ['paths in quotes', () => ({ cert: `"${join(folder, 'cert.pem')}"`, key: ` ${join(folder, 'key.pem')}\n` })],
    ['a path of letters and slashes that could be base64', () => ({ pfx: join(folder, LONG, 'certificate') })],
    ['one file with both, as openssl pkcs12 -nodes makes it', () => ({ cert: both(), key: both() })],
    ['PEM beside a pfx of undefined', () => ({ pfx: undefined, cert: issued.cert, key: issued.key })],
    ['PEM with an encrypted key', () => ({ cert: issued.cert, key: encryptedKey, passphrase: 'hunter2' })],
  ];

  test.each(forms)('%s', (_, certificate) => {
    const info = certificateInfo(certificate(), MERCHANT_ID);
    expect(info.serialNumber.toLowerCase()).toBe(issued.serialNumber.toLowerCase());
    expect(info.subject).toBe(`CN=${MERCHANT_ID}`);
    expect(info.validTo.getTime() - info.validFrom.getTime()).toBeGreaterThan(0);
  });
});

describe('says what is wrong with', () => {
  const cases: [string, () => CertificateConfig, field: string, message: RegExp][] = [
    ['a wrong passphrase', () => ({ pfx: issued.pfx, passphrase: 'no' }), 'certificate.passphrase', /merchant ID/],
    [
      'a numeric passphrase',
      () => ({ pfx: issued.pfx, passphrase: 1900000109 as never }),
      'certificate.passphrase',
      /must be a string/,
    ],
    [
      'a certificate in DER form',
      () => ({ cert: Buffer.from(new X509Certificate(issued.cert).raw), key: issued.key }),
      'certificate.cert',
      /no line -----BEGIN/,
    ],
    ['a legacy RC2-40 file', () => ({ pfx: LEGACY }), 'certificate.pfx', /RC2-40.*openssl pkcs12 -legacy -in/],
    ['a file that is no PKCS#12', () => ({ pfx: Buffer.from('x') }), 'certificate.pfx', /is not a PKCS#12 file/],
    ['a PEM given as pfx', () => ({ pfx: issued.cert }), 'certificate.pfx', /is PEM text.*as `cert` and `key`/],
    ['an empty p12 file', () => ({ pfx: join(folder, 'empty.p12') }), 'certificate.pfx', /empty\.p12 is empty/],
    [
      'a p12 that was read as text',
      () => ({ pfx: Buffer.from(issued.pfx.toString('utf8')) }),
      'certificate.pfx',
      /was read or copied as text.*as binary, or as base64/,
    ],
    [
      'a p12 that was cut',
      () => ({ pfx: issued.pfx.subarray(0, -100) }),
      'certificate.pfx',
      /is cut: \d+ of \d+ bytes/,
    ],
    ['a p12 whose middle was overwritten', () => ({ pfx: overwritten() }), 'certificate.pfx', /is damaged/],
    [
      'a file that holds the base64 of a p12',
      () => ({ pfx: Buffer.from(issued.pfx.toString('base64')) }),
      'certificate.pfx',
      /holds base64 text; decode it/,
    ],
    ['a p12 without its key', () => ({ pfx: NO_KEY }), 'certificate.pfx', /holds no private key/],
    ['a p12 without a certificate', () => ({ pfx: NO_CERTIFICATE }), 'certificate.pfx', /holds no certificate/],
    [
      'a key of another certificate',
      () => ({ cert: issued.cert, key: other.key }),
      'certificate.key',
      /does not belong/,
    ],
    ['an invalid cert', () => ({ cert: issued.key, key: issued.key }), 'certificate.cert', /holds a PRIVATE KEY, not/],
    ['an invalid key', () => ({ cert: issued.cert, key: issued.cert }), 'certificate.key', /holds a CERTIFICATE, not/],
    [
      'an encrypted key without its passphrase',
      () => ({ cert: issued.cert, key: encryptedKey }),
      'certificate.passphrase',
      /encrypted/,
    ],
    [
      'an encrypted key with another passphrase',
      () => ({ cert: issued.cert, key: encryptedKey, passphrase: 'no' }),
      'certificate.passphrase',
      /encrypted/,
    ],
    ['a file that is missing', () => ({ pfx: '/nowhere/cert.p12' }), 'certificate.pfx', /no such file: \/nowhere/],
    ['a folder', () => ({ pfx: folder }), 'certificate.pfx', /cannot be read \(EISDIR\)/],
    ['an empty text', () => ({ cert: '', key: issued.key }), 'certificate.cert', /is empty/],
    ['an empty Buffer', () => ({ pfx: Buffer.alloc(0) }), 'certificate.pfx', /is empty/],
    ['quotes around nothing', () => ({ cert: '""', key: issued.key }), 'certificate.cert', /is empty/],
    [
      'a key that lost its header',
      () => ({ cert: issued.cert, key: issued.key.replace(/-----BEGIN.*\n/, '') }),
      'certificate.key',
      /has no line -----BEGIN.*copy the whole file/,
    ],
    [
      'the body of a key alone, in one line',
      () => ({ cert: issued.cert, key: issued.key.replace(/-----.*?-----|\n/g, '') }),
      'certificate.key',
      /has no line -----BEGIN/,
    ],
    [
      'the first line of a key, as an env file without quotes keeps it',
      () => ({ cert: issued.cert, key: '-----BEGIN PRIVATE KEY-----' }),
      'certificate.key',
      /begins with -----BEGIN PRIVATE KEY----- and has no line -----END PRIVATE KEY-----: it was cut/,
    ],
    [
      'a key with a character that base64 has not',
      () => ({ cert: issued.cert, key: issued.key.replace(/M/, '?') }),
      'certificate.key',
      /cannot be read.*copied/,
    ],
    [
      'a certificate with a character that base64 has not',
      () => ({ cert: issued.cert.replace(/MI/, '??'), key: issued.key }),
      'certificate.cert',
      /cannot be read.*copied/,
    ],
    [
      'a public key',
      () => ({ cert: issued.cert, key: createPublicKey(issued.key).export({ type: 'spki', format: 'pem' }) as string }),
      'certificate.key',
      /holds a PUBLIC KEY, not/,
    ],
    [
      'a relative path that is not there',
      () => ({ pfx: 'certs/apiclient_cert.p12' }),
      'certificate.pfx',
      new RegExp(
        `no such file: certs/apiclient_cert\\.p12 \\(looked for ${resolve('certs/apiclient_cert.p12')}, from the working directory ${process.cwd()}\\)`,
      ),
    ],
    ['a path with ~', () => ({ pfx: '~/cert.p12' }), 'certificate.pfx', /Node\.js does not expand ~/],
    [
      'a path of 64 letters and slashes that is not there',
      () => ({ pfx: `/${'secrets/wechatpay/'.repeat(4)}certificate` }),
      'certificate.pfx',
      /was tried as a path and as base64, and is neither/,
    ],
    [
      'the API key in the place of the key, not quoted',
      () => ({ cert: issued.cert, key: API_KEY }),
      'certificate.key',
      /^certificate\.key: was tried as a path and as base64, and is neither; it is not shown, since it may be a secret/,
    ],
  ];

  test.each(cases)('%s', (_, certificate, field, message) => {
    const error = failure(() => certificateInfo(certificate(), MERCHANT_ID));
    expect(error).toMatchObject({ field, code: 'WECHATPAY_INVALID_CONFIG', outcome: 'not-sent' });
    expect(error.message).toMatch(message);
    expectNoSecrets(withoutLabels(error), { apiKey: API_KEY, certificate: issued });
  });

  it.each([184, 900])('a key of %i characters without its header: it is not quoted as a path', (length) => {
    const text = issued.key.replace(/-----.*?-----|\n/g, '').slice(100, 100 + length);
    const error = failure(() => certificateInfo({ cert: issued.cert, key: text }));
    expect(error.message).toMatch(/was tried as a path and as base64|has no line -----BEGIN/);
    expect(JSON.stringify([error.message, String(error.cause)])).not.toContain(text.slice(0, 40));
  });

  it('an expired and a not yet valid certificate, by this clock', () => {
    const { validFrom, validTo } = certificateInfo({ pfx: issued.pfx }, MERCHANT_ID);
    const at = (time: number): Error =>
      failure(() => certificateInfo({ pfx: issued.pfx }, MERCHANT_ID, new Date(time)));
    expect(at(validTo.getTime() + 1000).message).toContain(`expired on ${validTo.toISOString()}`);
    expect(at(validFrom.getTime() - 1000).message).toContain(`not valid before ${validFrom.toISOString()}`);
  });
});

it('names what is wrong with the certificate and with the key in one error', () => {
  const error = failure(() => certificateInfo({ cert: '', key: '/nowhere/key.pem', kye: 1 } as never));
  expect(error.problems.map(({ field }) => field)).toEqual(['certificate.kye', 'certificate.cert', 'certificate.key']);
});

function overwritten(): Buffer {
  const pfx = Buffer.from(issued.pfx);
  return pfx.fill(0xff, 20, 60);
}

// The names of PEM's lines are in messages, and are no secret.
function withoutLabels(error: WechatPayConfigError): unknown {
  const { message, stack = '', problems } = error;
  return JSON.parse(
    JSON.stringify([message, stack, problems, String(error.cause)]).replaceAll(/-----(?:BEGIN|END)[A-Z ]*/g, ''),
  );
}

function failure(run: () => unknown): WechatPayConfigError {
  try {
    run();
  } catch (error) {
    if (error instanceof WechatPayConfigError) return error;
    throw error;
  }
  throw new Error('It did not fail.');
}
