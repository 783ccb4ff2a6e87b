import { createHash, createHmac } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { encodeXml } from 'wechatpay-core';
import { cli, type Ran } from '../../test/cli.js';
import { SIGN_CAUSES } from '../sign/ways.js';

const KEY = '192006250b4c09247ec02edce69f6A2D';
const REQUEST = {
  appid: 'wx2421b1c4370ec43b',
  attach: '',
  body: '两杯茶 & <milk>',
  mch_id: '10000100',
  nonce_str: '5K8264ILTKCH16CQ2502SI8ZNMTM67VS',
  out_trade_no: '1415659990',
  sign_type: 'HMAC-SHA256',
  total_fee: '888',
  transaction_id: '4200001234567890123456789012',
};
type Fields = Readonly<Record<string, string>>;

/** A text as somebody signs it who has read the page in their own way. */
function text(fields: Fields, key = KEY): string {
  const names = Object.keys(fields).sort();
  return `${names
    .filter((name) => fields[name] !== '')
    .map((name) => `${name}=${fields[name] ?? ''}`)
    .join('&')}&key=${key}`;
}

const hmac = (bytes: string | Buffer, key = KEY): string =>
  createHmac('sha256', key).update(bytes).digest('hex').toUpperCase();
const md5 = (bytes: string | Buffer): string => createHash('md5').update(bytes).digest('hex').toUpperCase();
const without = (name: string, fields: Fields = REQUEST): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([each]) => each !== name));

// Node.js encodes no GBK: these two bytes are the tea's.
const [head = '', tail = ''] = text(without('body')).split('&mch_id=');
const inGbk = Buffer.concat([Buffer.from(`${head}&body=`), Buffer.from([0xb2, 0xe8]), Buffer.from(`&mch_id=${tail}`)]);

function explain(input: string, env: Readonly<Record<string, string>> = {}): Promise<Ran> {
  return cli(['doctor', 'sign', '--json'], { WECHATPAY_API_KEY: KEY, ...env }, { input });
}
const document = (fields: Fields, sign: string): string => encodeXml({ ...fields, sign });

it.each<[string, string]>([
  ['the XML', document(REQUEST, hmac(text(REQUEST)))],
  ['a log line', `2026-11-27 02:10 POST /pay/orderquery ${document(REQUEST, hmac(text(REQUEST)))} 15 ms`],
  ['a structured log line', JSON.stringify({ msg: 'sent', body: document(REQUEST, hmac(text(REQUEST))) })],
  [
    'escaped HTML',
    document(REQUEST, hmac(text(REQUEST)))
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;'),
  ],
  ['the fields as JSON', JSON.stringify({ ...REQUEST, sign: hmac(text(REQUEST)) })],
  ['the text that was signed', `${text(REQUEST)}&sign=${hmac(text(REQUEST))}`],
])('reads %s, and says that its signature holds', async (_, input) => {
  const ran = await explain(input);
  expect([ran.code, ran.json.result.holds, ran.json.result.signType]).toEqual([0, true, 'HMAC-SHA256']);
  expect(ran.stdout + ran.stderr).not.toContain(KEY);
});

describe.each<[cause: string, detail: RegExp, input: string, env?: Record<string, string>]>([
  ['other-algorithm', /^MD5$/, document(REQUEST, md5(text(REQUEST)))],
  ['sign-type-not-sent', /^HMAC-SHA256$/, document(without('sign_type'), hmac(text(without('sign_type'))))],
  ['lower-case', /^$/, document(REQUEST, hmac(text(REQUEST)).toLowerCase())],
  ['key-white-space', /line break/, document(REQUEST, hmac(text(REQUEST, `${KEY}\n`), `${KEY}\n`))],
  ['key-white-space', /quotes/, document(REQUEST, hmac(text(REQUEST, `"${KEY}"`), `"${KEY}"`))],
  [
    'key-white-space',
    /as it is set/,
    document(REQUEST, hmac(text(REQUEST, `\t${KEY}`), `\t${KEY}`)),
    { WECHATPAY_API_KEY: `\t${KEY}` },
  ],
  ['key-case', /^lower case$/, document(REQUEST, hmac(text(REQUEST, KEY.toLowerCase()), KEY.toLowerCase()))],
  ['key-left-out', /^$/, document(REQUEST, hmac(text(REQUEST).replace(/&key=.*/, '')))],
  ['field-not-signed', /^sign_type$/, document(REQUEST, hmac(text(without('sign_type'))))],
  ['field-not-signed', /^body, nonce_str$/, document(REQUEST, hmac(text(without('body', without('nonce_str')))))],
  [
    'empty-signed',
    /^attach$/,
    document(REQUEST, hmac(text(REQUEST).replace('&body', '&attach=&body'))).replace(
      '<body>',
      '<attach></attach><body>',
    ),
  ],
  ['white-space-trimmed', /^body$/, document({ ...REQUEST, body: ' tea ' }, hmac(text({ ...REQUEST, body: 'tea' })))],
  ['white-space-trimmed', /^body$/, document({ ...REQUEST, body: 'tea' }, hmac(text({ ...REQUEST, body: 'tea ' })))],
  ['number-form', /^total_fee: 888\.00$/, document(REQUEST, hmac(text({ ...REQUEST, total_fee: '888.00' })))],
  ['number-form', /^total_fee: 8\.88$/, document(REQUEST, hmac(text({ ...REQUEST, total_fee: '8.88' })))],
  [
    'number-form',
    /^transaction_id: 4\.2/,
    document(REQUEST, hmac(text({ ...REQUEST, transaction_id: String(Number(REQUEST.transaction_id)) }))),
  ],
  ['escaped', /^body$/, document(REQUEST, hmac(text({ ...REQUEST, body: '两杯茶 &amp; &lt;milk&gt;' })))],
  ['url-encoded', /^body$/, document(REQUEST, hmac(text({ ...REQUEST, body: encodeURIComponent(REQUEST.body) })))],
  ['encoding', /^GBK$/, document({ ...REQUEST, body: '茶' }, hmac(inGbk))],
  ['encoding', /^UTF-8 twice$/, document(REQUEST, hmac(Buffer.from(text(REQUEST), 'utf8').toString('latin1')))],
  [
    'order',
    /^as written$/,
    document(REQUEST, hmac(text(REQUEST).replace(/^(appid=\w+)&(body=.*?)&(mch_id=\w+)/, '$3&$1&$2'))).replace(
      /^<xml>(.*)(<mch_id>\d+<\/mch_id>)/,
      '<xml>$2$1',
    ),
  ],
  ['plain-sha256', /^$/, document(REQUEST, createHash('sha256').update(text(REQUEST)).digest('hex').toUpperCase())],
  ['sign-form', /^24$/, document(REQUEST, Buffer.from(md5(text(REQUEST)), 'hex').toString('base64'))],
  ['not-found', /^$/, document({ ...REQUEST, total_fee: '889' }, hmac(text(REQUEST, 'f'.repeat(32)), 'f'.repeat(32)))],
])('a signature with the fault %s (%s)', (cause, detail, input, env = {}) => {
  it('is explained, and the key is not shown', async () => {
    const ran = await explain(input, env);
    expect({ cause: ran.json.result.cause, detail: ran.json.result.detail }).toEqual({
      cause,
      detail: expect.stringMatching(detail) as string,
    });
    expect(ran.code).toBe(cause === 'not-found' ? 4 : 1);
    expect(ran.json.result.stringToSign).toMatch(/^appid=wx.*&key=\*{6}$/);
    expect(ran.stdout + ran.stderr).not.toContain(KEY);
    covered.add(cause);
  });
});

const covered = new Set<string>();
it('explains every cause that it knows', () => {
  expect(SIGN_CAUSES.filter((cause) => !covered.has(cause))).toEqual([]);
});

it('judges a reply, which may have no sign_type, by either algorithm', async () => {
  const reply = { return_code: 'SUCCESS', result_code: 'SUCCESS', appid: 'wx2421b1c4370ec43b', nonce_str: 'a1' };
  expect((await explain(document(reply, hmac(text(reply))))).json.result).toMatchObject({
    holds: true,
    signType: 'HMAC-SHA256',
  });
  expect((await explain(document(reply, md5(text(reply))))).json.result).toMatchObject({
    holds: true,
    signType: 'MD5',
  });
});

it('hides a key that stands in a field, and in what it was given', async () => {
  const fields = { ...REQUEST, body: `my key is ${KEY}` };
  const ran = await explain(document(fields, hmac(text(fields))));
  expect(ran.json.result.holds).toBe(true);
  expect(ran.stdout).not.toContain(KEY);
});

it.each<[string, string, Record<string, string>, RegExp]>([
  ['nothing that looks like fields', 'connection reset', {}, /No fields are found/],
  ['a document without a sign', document(REQUEST, ''), {}, /It has no sign/],
  ['a masked sign', document(REQUEST, '******'), {}, /masked/],
  ['no API key', document(REQUEST, md5('')), { WECHATPAY_API_KEY: '' }, /Set WECHATPAY_API_KEY/],
])('refuses %s, and says what it needs', async (_, input, env, message) => {
  const { code, stderr } = await explain(input, env);
  expect([code > 0, stderr]).toEqual([true, expect.stringMatching(message)]);
});

it('reads a file, and tells people in words', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'wechatpay-cli-'));
  writeFileSync(join(folder, 'request.xml'), document(REQUEST, md5(text(REQUEST))));
  const { code, stdout } = await cli(['doctor', 'sign', 'request.xml'], { WECHATPAY_API_KEY: KEY }, { cwd: folder });
  expect(code).toBe(1);
  expect(stdout).toMatch(/^It was made with MD5, and sign_type says the other\.\nRemedy +Sign with the algorithm/);
});
