import { request } from 'node:https';
import { setImmediate } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { reverse, send, signedRequest, signWith, toXml, withCertificate, type RawReply } from '../../test/client.js';
import { faultCatalogue, Sandbox, type Fault } from '../index.js';
import { decode } from '../wire/xml.js';

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await Sandbox.start();
});
afterEach(() => {
  expect(sandbox.faults.pending).toEqual([]);
});
afterAll(() => sandbox.stop());

const key = (): string => sandbox.merchant.apiKey;
const isSigned = ({ fields }: RawReply, signType?: 'HMAC-SHA256'): boolean =>
  fields.sign === signWith(fields, key(), signType);

/** A row a fault: what the client sees, over a real connection. */
const rows: { fault: Fault; sees: (reply: RawReply) => void }[] = [
  {
    fault: { kind: 'recall' },
    sees: (reply) => {
      expect(reply.fields).toMatchObject({ result_code: 'FAIL', err_code: 'SYSTEMERROR', recall: 'Y' });
      expect(isSigned(reply)).toBe(true);
    },
  },
  {
    fault: { kind: 'recall', resultCode: 'SUCCESS' },
    sees: (reply) => {
      expect(reply.fields).toMatchObject({ result_code: 'SUCCESS', recall: 'Y' });
      expect(isSigned(reply)).toBe(true);
    },
  },
  {
    fault: { kind: 'error', errorCode: 'SYSTEMERROR' },
    sees: (reply) => {
      expect(reply.fields).toMatchObject({ err_code: 'SYSTEMERROR', err_code_des: 'API return error', recall: 'Y' });
      expect(isSigned(reply)).toBe(true);
    },
  },
  {
    fault: { kind: 'error', errorCode: 'TRADE_ERROR', errorDescription: 'by risk rules', recall: true },
    sees: (reply) => {
      expect(reply.fields).toMatchObject({ err_code: 'TRADE_ERROR', err_code_des: 'by risk rules', recall: 'Y' });
      expect(isSigned(reply)).toBe(true);
    },
  },
  {
    fault: { kind: 'error', errorCode: 'toString' },
    sees: (reply) => {
      expect(reply.fields).toMatchObject({ err_code: 'toString', err_code_des: 'toString', recall: 'N' });
    },
  },
  {
    fault: { kind: 'delay', delayMs: 1 },
    sees: (reply) => {
      expect(reply.fields.result_code).toBe('SUCCESS');
      expect(isSigned(reply)).toBe(true);
    },
  },
  {
    fault: { kind: 'status', status: 502 },
    sees: (reply) => {
      expect([reply.status, reply.headers['content-type']]).toEqual([502, 'text/html']);
    },
  },
  {
    fault: { kind: 'redirect' },
    sees: (reply) => {
      expect([reply.status, reply.headers.location]).toEqual([302, '/moved']);
    },
  },
  {
    fault: { kind: 'redirect', location: 'https://elsewhere.example/' },
    sees: (reply) => {
      expect(reply.headers.location).toBe('https://elsewhere.example/');
    },
  },
  {
    fault: { kind: 'empty-body' },
    sees: (reply) => {
      expect([reply.status, reply.body.length]).toEqual([200, 0]);
    },
  },
  {
    fault: { kind: 'truncated-xml' },
    sees: (reply) => {
      expect(reply.status).toBe(200);
      expect(reply.text).toMatch(/^<xml>\n<return_code>/);
      expect(decode(reply.body).problem).toBe('the body is not well-formed XML');
    },
  },
  {
    fault: { kind: 'wrong-signature' },
    sees: (reply) => {
      expect(reply.fields.sign).toMatch(/^[0-9A-F]{32}$/);
      expect(isSigned(reply)).toBe(false);
    },
  },
  {
    fault: { kind: 'missing-signature' },
    sees: (reply) => {
      expect(reply.fields).not.toHaveProperty('sign');
      expect(reply.fields.result_code).toBe('SUCCESS');
    },
  },
  {
    fault: { kind: 'other-algorithm' },
    sees: (reply) => {
      expect([isSigned(reply), isSigned(reply, 'HMAC-SHA256')]).toEqual([false, true]);
    },
  },
  {
    fault: { kind: 'foreign-merchant' },
    sees: (reply) => {
      expect(reply.fields.mch_id).toMatch(/^19\d{8}$/);
      expect(reply.fields.mch_id).not.toBe(sandbox.merchant.merchantId);
      expect(isSigned(reply)).toBe(false);
    },
  },
  {
    fault: { kind: 'foreign-identity' },
    sees: (reply) => {
      expect(reply.fields.appid).not.toBe(sandbox.merchant.appId);
      expect(reply.fields.mch_id).toBe(sandbox.merchant.merchantId);
      expect(isSigned(reply)).toBe(true);
    },
  },
  {
    fault: { kind: 'foreign-identity', fields: { out_trade_no: 'another' } },
    sees: (reply) => {
      expect(reply.fields).toMatchObject({ appid: sandbox.merchant.appId, out_trade_no: 'another' });
      expect(isSigned(reply)).toBe(true);
    },
  },
  {
    fault: { kind: 'tampered' },
    sees: (reply) => {
      expect(reply.fields.recall).toBe('Y');
      expect(isSigned(reply)).toBe(false);
      expect(isSigned({ ...reply, fields: { ...reply.fields, recall: 'N' } })).toBe(true);
    },
  },
  {
    fault: { kind: 'tampered', fields: { result_code: 'FAIL' } },
    sees: (reply) => {
      expect(reply.fields).toMatchObject({ result_code: 'FAIL', recall: 'N' });
      expect(isSigned(reply)).toBe(false);
    },
  },
  {
    fault: { kind: 'doctype' },
    sees: (reply) => {
      expect(reply.text).toMatch(/^<!DOCTYPE xml \[<!ENTITY e0 SYSTEM "file:[^<]*<xml>[^]*<attach>&e0;<\/attach>/);
      expect(isSigned(reply)).toBe(true);
    },
  },
  {
    fault: { kind: 'entity-bomb' },
    sees: (reply) => {
      expect(reply.text).toMatch(
        /^<!DOCTYPE xml \[<!ENTITY e0 "x"><!ENTITY e1 "(&e0;){10}">[^]*<attach>&e9;<\/attach>/,
      );
      expect(isSigned(reply)).toBe(true);
    },
  },
  {
    fault: { kind: 'oversized' },
    sees: (reply) => {
      expect(reply.body.length).toBeGreaterThan(128 * 1024);
      expect(isSigned(reply)).toBe(true);
    },
  },
  {
    fault: { kind: 'invalid-utf8' },
    sees: (reply) => {
      expect(decode(reply.body).problem).toBe('the body is not UTF-8');
      // Read leniently it holds, which is why a client must not read it leniently.
      expect(isSigned(reply)).toBe(true);
    },
  },
  {
    fault: { kind: 'duplicate-field' },
    sees: (reply) => {
      expect(reply.text.match(/<recall><!\[CDATA\[.\]\]>/g)).toEqual([
        '<recall><![CDATA[Y]]>',
        '<recall><![CDATA[N]]>',
      ]);
      expect(isSigned(reply)).toBe(true);
    },
  },
  {
    fault: { kind: 'return-fail' },
    sees: (reply) => {
      expect(reply.fields).toEqual({ return_code: 'FAIL', return_msg: 'system error' });
    },
  },
  {
    fault: { kind: 'return-fail', returnMessage: 'certificate not match' },
    sees: (reply) => {
      expect(reply.fields.return_msg).toBe('certificate not match');
    },
  },
  {
    fault: { kind: 'return-code' },
    sees: (reply) => {
      expect(reply.fields).toMatchObject({ return_code: 'UNKNOWN', result_code: 'SUCCESS' });
      expect(isSigned(reply)).toBe(true);
    },
  },
  {
    fault: { kind: 'retmsg' },
    sees: (reply) => {
      expect(reply.fields).toEqual({ return_code: 'FAIL', retmsg: 'system error', retcode: '1' });
    },
  },
  {
    fault: { kind: 'extra-field' },
    sees: (reply) => {
      expect(reply.fields).toHaveProperty('settlement_hint');
      expect(isSigned(reply)).toBe(true);
    },
  },
  {
    fault: { kind: 'empty-field' },
    sees: (reply) => {
      expect(reply.text).toContain('<attach><![CDATA[]]></attach>');
      expect(isSigned(reply)).toBe(true);
    },
  },
];
const unanswered = ['hang', 'cut', 'endless'] as const;

it('has a test for each kind', () => {
  const tested = new Set([...rows.map(({ fault }) => fault.kind), ...unanswered]);
  expect([...tested].sort()).toEqual(Object.keys(faultCatalogue).sort());
});

describe.each(rows.map((row) => ({ ...row, name: JSON.stringify(row.fault) })))('$name', ({ fault, sees }) => {
  it.each([undefined, true, false])('spoils one reply, and with effect %s takes that effect', async (effect) => {
    const order = sandbox.orders.create({ state: 'paid' });
    sandbox.faults.add({ ...fault, ...(effect !== undefined && { effect }) });
    sees(await reverse(sandbox, order.outTradeNo));
    const isReversed = effect ?? faultCatalogue[fault.kind].takesEffect;
    expect(order.state).toBe(isReversed ? 'refunded' : 'paid');
    expect(sandbox.requests.at(-1)?.fault).toBe(fault.kind);

    const next = await reverse(sandbox, order.outTradeNo);
    expect(next.fields).toMatchObject({ result_code: 'SUCCESS', recall: 'N' });
    expect(isSigned(next)).toBe(true);
    expect(order.money.refunded).toBe(order.money.paid);
    expect(sandbox.requests.at(-1)).not.toHaveProperty('fault');
  });
});

/** What arrives of a reply that never gets whole. */
interface Torn {
  status?: number;
  announced: number;
  received: number;
  /** Of the error that ended it. */
  code?: string;
}

/** Reverses, and gathers what comes until the connection breaks, or until `enough` says so. */
function listen(to: Sandbox, outTradeNo: string, enough: (torn: Torn) => void = () => undefined): Promise<Torn> {
  const body = toXml(signedRequest(to, { out_trade_no: outTradeNo }));
  const torn: Torn = { announced: 0, received: 0 };
  return new Promise((resolve) => {
    const options = { method: 'POST', path: '/secapi/pay/reverse', ca: to.ca, agent: false };
    const fail = (error: NodeJS.ErrnoException): void => {
      resolve({ ...torn, ...(error.code !== undefined && { code: error.code }) });
    };
    const sent = request(to.baseUrl, withCertificate(to.merchant, options), (response) => {
      torn.status = response.statusCode ?? 0;
      torn.announced = Number(response.headers['content-length'] ?? 0);
      response.on('error', fail);
      response.on('data', (chunk: Buffer) => {
        torn.received += chunk.length;
        enough(torn);
        if (torn.received > 1024 * 1024) sent.destroy();
      });
    });
    sent.on('error', fail);
    sent.end(body);
  });
}

describe.each([undefined, true, false])('with effect %s', (effect) => {
  const withEffect = effect === undefined ? {} : { effect };
  const state = effect === false ? 'paid' : 'refunded';

  it('a cut leaves not one byte of a reply', async () => {
    const order = sandbox.orders.create({ state: 'paid' });
    sandbox.faults.add({ kind: 'cut', ...withEffect });
    expect(await listen(sandbox, order.outTradeNo)).toEqual({ announced: 0, received: 0, code: 'ECONNRESET' });
    expect(order.state).toBe(state);
  });

  it('a cut in the body leaves half of what was announced', async () => {
    const order = sandbox.orders.create({ state: 'paid' });
    sandbox.faults.add({ kind: 'cut', at: 'body', ...withEffect });
    const torn = await listen(sandbox, order.outTradeNo);
    expect(torn).toEqual({
      status: 200,
      announced: torn.announced,
      received: Math.ceil(torn.announced / 2),
      code: 'ECONNRESET',
    });
    expect(torn.received).toBeGreaterThan(100);
    expect(order.state).toBe(state);
  });

  it('a hang sends nothing, until stop() ends it at once', async () => {
    await using own = await Sandbox.start({ authority: sandbox.authority });
    const order = own.orders.create({ state: 'paid' });
    own.faults.add({ kind: 'hang', ...withEffect });
    const reply = listen(own, order.outTradeNo);
    while (own.faults.pending.length > 0) await setImmediate();
    expect(order.state).toBe(state);
    await own.stop();
    expect(await reply).toEqual({ announced: 0, received: 0, code: 'ECONNRESET' });
  });

  it('a hang in the body sends half of it, until stop() ends it at once', async () => {
    await using own = await Sandbox.start({ authority: sandbox.authority });
    const order = own.orders.create({ state: 'paid' });
    own.faults.add({ kind: 'hang', at: 'body', ...withEffect });
    const torn = await listen(own, order.outTradeNo, () => void own.stop());
    expect(torn).toEqual({
      status: 200,
      announced: torn.announced,
      received: Math.ceil(torn.announced / 2),
      code: 'ECONNRESET',
    });
    expect(order.state).toBe(state);
  });

  it('a delay of an hour is ended by stop() too', async () => {
    await using own = await Sandbox.start({ authority: sandbox.authority });
    const order = own.orders.create({ state: 'paid' });
    own.faults.add({ kind: 'delay', delayMs: 3_600_000, ...withEffect });
    const reply = listen(own, order.outTradeNo);
    while (own.faults.pending.length > 0) await setImmediate();
    await own.stop();
    expect((await reply).code).toBe('ECONNRESET');
    expect(order.state).toBe(state);
  });

  it('an endless reply goes on until its reader leaves', async () => {
    const order = sandbox.orders.create({ state: 'paid' });
    sandbox.faults.add({ kind: 'endless', ...withEffect });
    const torn = await listen(sandbox, order.outTradeNo);
    expect(torn.received).toBeGreaterThan(1024 * 1024);
    expect(order.state).toBe(state);
  });
});

describe('faults.add', () => {
  const call = async (): Promise<string | undefined> => {
    const order = sandbox.orders.create({ state: 'paid' });
    return (await reverse(sandbox, order.outTradeNo)).fields.err_code;
  };

  it('strikes as often as it is told, in the order in which faults were added', async () => {
    sandbox.faults.add({ kind: 'error', errorCode: 'ONE' }, { times: 2 });
    sandbox.faults.add({ kind: 'error', errorCode: 'TWO' });
    expect(sandbox.faults.pending.map(({ times }) => times)).toEqual([2, 1]);
    expect([await call(), await call(), await call(), await call()]).toEqual(['ONE', 'ONE', 'TWO', undefined]);
  });

  it('strikes only the path and the requests that it is for', async () => {
    const order = sandbox.orders.create({ state: 'paid' });
    sandbox.faults.add({ kind: 'error', errorCode: 'PATH' }, { path: '/secapi/pay/refund' });
    sandbox.faults.add(
      { kind: 'error', errorCode: 'WHEN' },
      { when: ({ fields }) => fields.out_trade_no === order.outTradeNo },
    );
    expect(await call()).toBeUndefined();
    expect((await reverse(sandbox, order.outTradeNo)).fields.err_code).toBe('WHEN');
    expect(sandbox.faults.pending).toHaveLength(1);
    sandbox.faults.clear();
    expect(sandbox.faults.pending).toEqual([]);
  });

  it('tells the client of a predicate that throws, and goes on', async () => {
    const when = (): boolean => {
      throw new Error('a mistake in the test');
    };
    sandbox.faults.add({ kind: 'empty-body' }, { when });
    const order = sandbox.orders.create({ state: 'paid' });
    const reply = await reverse(sandbox, order.outTradeNo);
    expect([reply.status, reply.text]).toEqual([500, 'wechatpay-sandbox: Error: a mistake in the test\n']);
    expect(order.state).toBe('paid');
    sandbox.faults.clear();
    expect(await call()).toBeUndefined();
  });

  it.each([
    { fault: { kind: 'nonsense' }, message: /^fault.kind is one of recall, error, / },
    { fault: { kind: 'toString' }, message: /^fault.kind is one of/ },
    { fault: { kind: 'error' }, message: 'fault error needs errorCode, a string' },
    { fault: { kind: 'status', status: '502' }, message: 'fault status needs status, a number' },
    { fault: { kind: 'delay' }, message: 'fault delay needs delayMs, a number' },
  ])('refuses $fault', ({ fault, message }) => {
    expect(() => {
      sandbox.faults.add(fault as Fault);
    }).toThrow(message);
  });

  it.each([0, -1, 1.5, NaN])('refuses to strike %s times', (times) => {
    expect(() => {
      sandbox.faults.add({ kind: 'hang' }, { times });
    }).toThrow(/whole number/);
  });

  it('lets another merchant of this gateway answer', async () => {
    const merchant = await sandbox.merchants.create();
    sandbox.faults.add({ kind: 'foreign-merchant', merchant });
    const { fields } = await reverse(sandbox, sandbox.orders.create({ state: 'paid' }).outTradeNo);
    expect(fields).toMatchObject({ appid: merchant.appId, mch_id: merchant.merchantId });
    expect(fields.sign).toBe(signWith(fields, merchant.apiKey));
  });

  it('spoils a refusal as well', async () => {
    sandbox.faults.add({ kind: 'tampered', fields: { result_code: 'SUCCESS' } });
    const { fields } = await reverse(sandbox, 'unheard-of');
    expect(fields).toMatchObject({ result_code: 'SUCCESS', err_code: 'INVALID_REQUEST' });
  });

  it('waits for a request whose merchant is known', async () => {
    sandbox.faults.add({ kind: 'empty-body' });
    expect((await send(sandbox, 'x')).status).toBe(400);
    expect(sandbox.faults.pending).toHaveLength(1);
    sandbox.faults.clear();
  });
});
