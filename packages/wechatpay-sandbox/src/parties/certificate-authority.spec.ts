import { X509Certificate } from 'node:crypto';
import { request } from 'node:https';
import { createSecureContext } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { send } from '../../test/client.js';
import { CertificateAuthority, Sandbox } from '../index.js';

const past = { notBefore: new Date(2020, 0, 1), notAfter: new Date(2021, 0, 1) };
let authority: CertificateAuthority;
let sandbox: Sandbox;
beforeAll(async () => {
  authority = await CertificateAuthority.create({ commonName: 'Test Root' });
  sandbox = await Sandbox.start({ authority });
});
afterAll(() => sandbox.stop());

describe('CertificateAuthority', () => {
  it('has a root that signs what it issues', async () => {
    const root = new X509Certificate(authority.pem);
    expect(root.subject).toBe('CN=Test Root');
    expect(root.ca).toBe(true);
    expect(root.verify(root.publicKey)).toBe(true);
    const issued = [await authority.issueServer(), await authority.issueClient({ commonName: '1900000109' })];
    for (const { cert, key } of issued) {
      const certificate = new X509Certificate(cert);
      expect(certificate.ca).toBe(false);
      expect(certificate.checkIssued(root)).toBe(true);
      expect(certificate.verify(root.publicKey)).toBe(true);
      expect(() => createSecureContext({ cert, key })).not.toThrow();
    }
  });

  it('can be made on the spot too', () => {
    expect(new X509Certificate(new CertificateAuthority().pem).subject).toMatch(
      /^CN=WeChat Pay sandbox root [0-9a-f]{8}$/,
    );
  });

  it('issues a server certificate for the hosts that it is told', async () => {
    const usual = new X509Certificate((await authority.issueServer()).cert);
    expect([usual.checkHost('localhost'), usual.checkIP('127.0.0.1'), usual.checkIP('::1')]).not.toContain(undefined);
    const { cert } = await authority.issueServer({ hosts: ['pay.example', '192.0.2.1'], ...past });
    const certificate = new X509Certificate(cert);
    expect(certificate.checkHost('pay.example')).toBe('pay.example');
    expect(certificate.checkIP('192.0.2.1')).toBe('192.0.2.1');
    expect(certificate.checkHost('localhost')).toBeUndefined();
    expect(new Date(certificate.validTo)).toEqual(past.notAfter);
  });

  it('issues a PKCS#12 that OpenSSL 3 opens with the common name, and with nothing else', async () => {
    const client = await authority.issueClient({ commonName: '1900000109' });
    expect(client.passphrase).toBe('1900000109');
    expect(() => createSecureContext({ pfx: client.pfx, passphrase: '1900000109' })).not.toThrow();
    expect(() => createSecureContext({ pfx: client.pfx, passphrase: 'wrong' })).toThrow(/mac verify failure/);
    expect(new X509Certificate(client.cert).serialNumber).toBe(client.serialNumber.toUpperCase());
  });

  it('issues a PKCS#12 with a passphrase of its own', async () => {
    const { pfx } = await authority.issueClient({ commonName: '1900000109', passphrase: '~ }x' });
    expect(() => createSecureContext({ pfx, passphrase: '~ }x' })).not.toThrow();
    await expect(authority.issueClient({ commonName: '1', passphrase: 'é' })).rejects.toThrow(/ASCII/);
  });
});

describe('mutual TLS', () => {
  it('knows the merchant by the PKCS#12 as well as by the PEM files', async () => {
    const { pfx, passphrase, cert, key } = sandbox.merchant.certificate;
    for (const identity of [
      { pfx, passphrase },
      { cert, key },
    ]) {
      expect((await send(sandbox, 'x', identity)).fields.err_code).toBe('PARAM_ERROR');
      expect(sandbox.requests.at(-1)?.clientCertificate).toBe(sandbox.merchant.merchantId);
    }
  });

  it('answers a client without a certificate as nginx does', async () => {
    const reply = await send(sandbox, 'x');
    expect(reply.status).toBe(400);
    expect(reply.headers).toMatchObject({ 'content-type': 'text/html', connection: 'close' });
    expect(reply.text).toContain('<title>400 No required SSL certificate was sent</title>');
    expect(sandbox.requests.at(-1)).not.toHaveProperty('clientCertificate');
  });

  it.each([
    {
      name: 'of another authority',
      issue: async () => (await CertificateAuthority.create()).issueClient({ commonName: '1' }),
    },
    {
      name: 'that has expired',
      issue: () => authority.issueClient({ commonName: sandbox.merchant.merchantId, ...past }),
    },
    { name: 'that is a server’s', issue: () => authority.issueServer({ hosts: [sandbox.merchant.merchantId] }) },
  ])('answers a certificate $name as nginx does', async ({ issue }) => {
    const { cert, key } = await issue();
    const reply = await send(sandbox, 'x', { cert, key });
    expect(reply.status).toBe(400);
    expect(reply.text).toContain('<title>400 The SSL certificate error</title>');
    expect(reply.text).toContain('<h1>400 Bad Request</h1>');
  });

  it('asks for a certificate before it says that a path does not exist, and only under /secapi', async () => {
    expect((await send(sandbox, '', { path: '/secapi/unknown' })).status).toBe(400);
    expect((await send(sandbox, '', { path: '/pay/unknown' })).status).toBe(404);
  });

  it('is not trusted by a client that does not know its root', async () => {
    const handshake = new Promise((resolve, reject) => {
      request(sandbox.baseUrl, resolve).on('error', reject).end();
    });
    await expect(handshake).rejects.toMatchObject({ code: 'SELF_SIGNED_CERT_IN_CHAIN' });
  });

  it('does not speak TLS 1.1', async () => {
    const old = send(sandbox, '', { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' });
    await expect(old).rejects.toThrow(/protocol version/);
  });
});
