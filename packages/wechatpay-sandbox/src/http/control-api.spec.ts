import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { quickPay, reverse, send } from '../../test/client.js';
import { Sandbox } from '../index.js';

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await Sandbox.start({ controlApi: true });
});
beforeEach(() => {
  sandbox.faults.clear();
});
afterAll(() => sandbox.stop());

interface Result {
  status: number;
  json: unknown;
}

async function ask(method: string, path: string, json?: unknown): Promise<Result> {
  const body = json === undefined ? '' : typeof json === 'string' ? json : JSON.stringify(json);
  const reply = await send(sandbox, body, { method, path: `/_sandbox/${path}` });
  if (reply.status !== 204) expect(reply.headers['content-type']).toBe('application/json');
  return { status: reply.status, json: reply.text === '' ? undefined : JSON.parse(reply.text) };
}

describe('the control API', () => {
  it('creates orders and shows what has become of them', async () => {
    const given = { state: 'paid', outTradeNo: 'a b', createdAt: '2026-01-01T00:00:00Z', totalFee: 5, currency: 'USD' };
    const created = await ask('POST', 'orders', given);
    expect(created).toMatchObject({ status: 201, json: { ...given, createdAt: '2026-01-01T00:00:00.000Z' } });
    expect(await ask('GET', 'orders/a%20b')).toEqual({ status: 200, json: created.json });
    expect(await ask('GET', 'orders')).toEqual({ status: 200, json: [created.json] });

    const recent = await ask('POST', 'orders', { state: 'paid', outTradeNo: 'recent' });
    expect(recent.status).toBe(201);
    await reverse(sandbox, 'recent');
    expect(await ask('GET', 'orders/recent')).toMatchObject({
      json: {
        state: 'refunded',
        money: { paid: 1250, refunded: 1250 },
        history: [{ event: 'created' }, { event: 'reversed' }],
      },
    });
    expect(await ask('GET', 'requests')).toMatchObject({
      json: [{ fields: { out_trade_no: 'recent' }, answer: 'SUCCESS' }],
    });
  });

  it('creates another merchant’s order, and shows both where they have one number', async () => {
    const { merchantId } = await sandbox.merchants.create();
    await ask('POST', 'orders', { state: 'paid', outTradeNo: 'both' });
    expect((await ask('POST', 'orders', { state: 'closed', outTradeNo: 'both', merchantId })).status).toBe(201);
    expect(await ask('GET', 'orders/both')).toMatchObject({
      json: [{ state: 'paid' }, { state: 'closed', merchantId }],
    });
  });

  it('adds and removes faults', async () => {
    const fault = { kind: 'error', errorCode: 'SYSTEMERROR', effect: true };
    const added = await ask('POST', 'faults', { ...fault, times: 2, path: '/secapi/pay/reverse' });
    expect(added).toEqual({ status: 201, json: [{ fault, times: 2, path: '/secapi/pay/reverse' }] });
    expect(await ask('GET', 'faults')).toEqual({ status: 200, json: added.json });
    expect(await ask('DELETE', 'faults')).toEqual({ status: 204, json: undefined });
    expect(sandbox.faults.pending).toEqual([]);
  });

  it('moves the clock', async () => {
    const before = sandbox.clock.now();
    expect((await ask('POST', 'clock', { advanceMs: 60_000 })).status).toBe(200);
    expect(sandbox.clock.now() - before).toBeGreaterThanOrEqual(60_000);
  });

  it('brings customers to the till, and tells where the money went', async () => {
    await ask('POST', 'reset');
    const created = await ask('POST', 'customers', { behaviour: 'pays-at-once', validForMs: 1000 });
    expect(created).toMatchObject({ status: 201, json: { behaviour: { behaviour: 'pays-at-once' } } });
    expect(await ask('GET', 'customers')).toEqual({ status: 200, json: [created.json] });
    expect(await ask('GET', 'ledger')).toEqual({ status: 200, json: [] });
    await quickPay(sandbox, (created.json as { authCode: string }).authCode, 'tea');
    expect(await ask('GET', 'ledger')).toMatchObject({
      status: 200,
      json: [{ outTradeNo: 'tea', kind: 'payment', amount: 1250, currency: 'HKD' }],
    });
    expect(await ask('GET', 'orders/tea')).toMatchObject({ json: { tradeState: 'SUCCESS', refunds: [] } });
  });

  it('tells the time, and begins anew', async () => {
    await ask('POST', 'clock', { advanceMs: 86_400_000 });
    const { json } = await ask('GET', 'clock');
    expect(json).toEqual({ now: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as string });
    expect(Date.parse((json as { now: string }).now)).toBeGreaterThan(Date.now() + 80_000_000);
    expect(await ask('POST', 'reset')).toEqual({ status: 204, json: undefined });
    expect(sandbox.clock.now()).toBeLessThan(Date.now() + 1000);
    expect(await ask('GET', 'orders')).toEqual({ status: 200, json: [] });
  });

  const refused: { method: string; path: string; json?: unknown; status: number; error: string }[] = [
    { method: 'GET', path: 'nothing', status: 404, error: 'one of GET orders, POST orders,' },
    { method: 'GET', path: '', status: 404, error: 'one of' },
    { method: 'PUT', path: 'orders', status: 404, error: 'one of' },
    { method: 'GET', path: 'toString', status: 404, error: 'one of' },
    { method: 'GET', path: 'orders/x/y', status: 404, error: 'one of' },
    { method: 'GET', path: 'orders/unheard-of', status: 404, error: 'no such order' },
    { method: 'GET', path: 'orders/%', status: 400, error: 'URI malformed' },
    { method: 'POST', path: 'orders', json: '{', status: 400, error: 'JSON' },
    { method: 'POST', path: 'orders', json: [], status: 400, error: 'the body is no object' },
    { method: 'POST', path: 'orders', json: 'null', status: 400, error: 'the body is no object' },
    { method: 'POST', path: 'orders', json: {}, status: 400, error: 'state is one of paid,' },
    { method: 'POST', path: 'orders', json: { state: 'gone' }, status: 400, error: 'state is one of paid,' },
    { method: 'POST', path: 'orders', json: { state: 'paid', toString: 1 }, status: 400, error: 'toString is none of' },
    {
      method: 'POST',
      path: 'orders',
      json: { state: 'paid', totalFee: '1' },
      status: 400,
      error: 'totalFee is a number',
    },
    {
      method: 'POST',
      path: 'orders',
      json: { state: 'paid', createdAt: 'x' },
      status: 400,
      error: 'createdAt is no time',
    },
    { method: 'POST', path: 'orders', json: { state: 'paid', merchantId: '1' }, status: 400, error: 'no merchant has' },
    { method: 'POST', path: 'faults', json: {}, status: 400, error: 'fault.kind is one of' },
    {
      method: 'POST',
      path: 'faults',
      json: { kind: 'hang', times: 'x' },
      status: 400,
      error: 'times is a whole number',
    },
    { method: 'POST', path: 'customers', json: {}, status: 400, error: 'behaviour is one of pays-at-once,' },
    {
      method: 'POST',
      path: 'customers',
      json: { behaviour: 'pays-after', ms: '1' },
      status: 400,
      error: 'ms is a number',
    },
    { method: 'DELETE', path: 'ledger', status: 404, error: 'GET ledger' },
    { method: 'POST', path: 'clock', json: {}, status: 400, error: 'clock.advance(ms) takes a number' },
    { method: 'POST', path: 'orders', json: ' '.repeat(70_000), status: 413, error: 'longer than 64 KiB' },
  ];
  it.each(refused)('answers $method $path with $status', async ({ method, path, json, status, error }) => {
    const result = await ask(method, path, json);
    expect(result.status).toBe(status);
    expect((result.json as { error: string }).error).toContain(error);
  });

  it('is there only where it is asked for', async () => {
    await using closed = await Sandbox.start({ authority: sandbox.authority });
    expect((await send(closed, '', { method: 'GET', path: '/_sandbox/orders' })).status).toBe(404);
  });
});
