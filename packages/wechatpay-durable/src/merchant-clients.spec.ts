import { setTimeout as sleep } from 'node:timers/promises';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterEach, describe, expect, it } from 'vitest';
import { MerchantRegistry, type QuickPayRequest, type WechatPayConfig } from 'wechatpay-core';
import { Sandbox, type Merchant } from 'wechatpay-sandbox';
import { MemoryStore } from './stores/memory.js';
import { DURABLE_ORDER_CHANNEL, DurableOrders, type DurableOrder, type DurableOrderEvent } from './index.js';

// Durable orders of merchants that nobody has given: a vault is asked for each when it is needed. The whole gateway, on a clock that goes
// thirty times as fast.
const SPEED = 30;

const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

interface Chain {
  readonly sandbox: Sandbox;
  /** What the vault has; an error is thrown. */
  readonly vault: Map<string, Partial<WechatPayConfig> | Error>;
  readonly asked: string[];
  readonly registry: MerchantRegistry;
  readonly durableOrders: DurableOrders;
  readonly problems: string[];
  /** Settings of a merchant, which lose an answer where a test says so. */
  readonly settingsOf: (
    merchant: Omit<Merchant, 'subMerchants'>,
    changes?: Partial<WechatPayConfig>,
  ) => WechatPayConfig;
  readonly purchase: (outTradeNo: string) => QuickPayRequest;
  readonly ended: (outTradeNo: string, merchantId: string) => Promise<DurableOrder>;
}

/** @param options `behindMs`: how far the clock of every client is behind this machine's. `work`: from the beginning. */
async function openChain({ behindMs = 0, work = true } = {}): Promise<Chain> {
  const start = Date.now();
  const now = (): number => start - behindMs + (Date.now() - start) * SPEED;
  const sandbox = await Sandbox.create({ now });
  const vault: Chain['vault'] = new Map();
  const asked: string[] = [];
  const registry = new MerchantRegistry({
    load: (merchantId) => {
      asked.push(merchantId);
      const found = vault.get(merchantId);
      if (found instanceof Error) throw found;
      return found as WechatPayConfig | undefined;
    },
    now,
  });
  const transport: WechatPayConfig['transport'] = ({ path, body }) => {
    const clientCertificate = /<mch_id>(?:<!\[CDATA\[)?(\d+)/.exec(body)?.[1];
    const reply = sandbox.handle({
      path,
      body,
      ...(path.startsWith('/secapi/') && clientCertificate !== undefined && { clientCertificate }),
    });
    return reply.kind === 'reply' ? Promise.resolve(reply) : Promise.reject(new Error(reply.kind));
  };
  const problems: string[] = [];
  const listen = (event: unknown): void => {
    const told = event as DurableOrderEvent;
    if (told.kind === 'problem') problems.push(told.error.message);
  };
  subscribe(DURABLE_ORDER_CHANNEL, listen);
  const durableOrders = new DurableOrders({ store: new MemoryStore(), clients: registry, speed: SPEED });
  await durableOrders.start({ work });
  open.push(async () => {
    await durableOrders.stop();
    await registry.close();
    unsubscribe(DURABLE_ORDER_CHANNEL, listen);
  });
  return {
    sandbox,
    vault,
    asked,
    registry,
    durableOrders,
    problems,
    settingsOf: (merchant, changes = {}) => ({ ...merchant, transport, now, ...changes }),
    purchase: (outTradeNo) => ({
      outTradeNo,
      body: 'tea',
      totalFee: 888,
      currency: 'HKD',
      spbillCreateIp: '203.0.113.7',
      authCode: sandbox.customers.create({ behaviour: 'pays-at-once', validForMs: 3_600_000 }).authCode,
    }),
    ended: async (outTradeNo, merchantId) => {
      for (;;) {
        const stored = await durableOrders.get({ outTradeNo, merchantId });
        if (stored?.endedAt) return stored;
        await sleep(10);
      }
    },
  };
}

const paid = { status: 'done', outcome: { kind: 'paid' } };

describe('merchants of a registry', () => {
  it('each is asked for once it is needed, by who pays and by who resolves, also with another key by then', async () => {
    const { sandbox, vault, asked, registry, durableOrders, settingsOf, purchase, ended } = await openChain();
    const merchants = [sandbox.merchant, await sandbox.merchants.create()];
    for (const merchant of merchants) vault.set(merchant.merchantId, settingsOf(merchant));
    for (const { merchantId } of merchants) {
      sandbox.faults.add({ kind: 'cut' }, { path: '/pay/micropay' });
      const { outcome } = await durableOrders.pay(purchase('A1'), { merchantId });
      expect(outcome.kind).toBe('pending');
    }
    const [first] = merchants as [Merchant];
    const rotated = await sandbox.merchants.rotate(first.merchantId);
    sandbox.merchants.retire(first.merchantId);
    vault.set(first.merchantId, settingsOf(rotated));
    await registry.reload(first.merchantId);
    for (const { merchantId } of merchants)
      expect(await ended('A1', merchantId)).toMatchObject({ ...paid, merchantId });
    expect(asked.toSorted()).toEqual([first.merchantId, ...merchants.map(({ merchantId }) => merchantId)].toSorted());
    expect(durableOrders.clientOf(first.merchantId).merchantId).toBe(first.merchantId);
    expect(() => durableOrders.clientOf()).toThrow(/^merchantId: is missing/);
    expect(() => durableOrders.clientOf('1')).toThrow(/was not used lately/);
  });

  it('stores and sends nothing for a merchant that there is not, or whose settings are wrong', async () => {
    const { sandbox, vault, durableOrders, settingsOf, purchase } = await openChain();
    const { merchantId } = sandbox.merchant;
    const pay = (): Promise<unknown> => durableOrders.pay(purchase('A1'), { merchantId });
    await expect(pay()).rejects.toMatchObject({ code: 'WECHATPAY_MERCHANT_LOOKUP', problem: 'unknown' });
    vault.set('2', new Error('the vault is away'));
    const elsewhere = durableOrders.enqueue({ outTradeNo: 'A1', merchantId: '2', orderCreatedAt: new Date() });
    await expect(elsewhere).rejects.toMatchObject({ problem: 'unavailable', outcome: 'not-sent' });
    vault.set('3', settingsOf({ ...sandbox.merchant, merchantId: '3' }, { timeoutMs: 30_001 }));
    const tooLong = durableOrders.get({ outTradeNo: 'A1', merchantId: '3' });
    await expect(tooLong).rejects.toMatchObject({ field: 'timeoutMs', outcome: 'not-sent' });
    await expect(durableOrders.pay(purchase('A1'))).rejects.toMatchObject({ field: 'merchantId' });
    expect(sandbox.requests).toEqual([]);
    expect(await durableOrders.list()).toEqual([]);
  });

  it('leaves the orders of one that cannot be asked for, until it can', async () => {
    const { sandbox, vault, registry, durableOrders, problems, settingsOf, purchase, ended } = await openChain();
    const { merchantId } = sandbox.merchant;
    vault.set(merchantId, settingsOf(sandbox.merchant));
    sandbox.faults.add({ kind: 'cut' }, { path: '/pay/micropay' });
    await durableOrders.pay(purchase('A1'), { merchantId });
    // As in a process that begins anew: nothing is kept of it, and the vault knows nothing yet.
    vault.delete(merchantId);
    await registry.reload(merchantId);
    while (problems.length === 0) await sleep(5);
    expect(problems[0]).toMatch(/is left to another worker: Merchant \d+ has no client here/);
    vault.set(merchantId, new Error('the vault is away'));
    await registry.reload(merchantId).catch(() => undefined); // it says so where somebody still has its client
    while (!problems.some((problem) => problem.includes('`load` failed'))) await sleep(5);
    vault.set(merchantId, settingsOf(sandbox.merchant));
    expect(await ended('A1', merchantId)).toMatchObject(paid);
  });

  it('tells a person of one that is not there in time, as not known, and proves it once it is', async () => {
    // A worker that has no client goes by its machine's clock, by which the order's time is over.
    const chain = await openChain({ behindMs: 3_600_000, work: false });
    const { sandbox, vault, registry, durableOrders, settingsOf } = chain;
    const { merchantId } = sandbox.merchant;
    vault.set(merchantId, settingsOf(sandbox.merchant));
    const { outTradeNo } = sandbox.orders.create({ state: 'paid', totalFee: 888 });
    const now = (await registry.get(merchantId)).now();
    const times = { orderCreatedAt: new Date(now), notBefore: new Date(now), deadline: new Date(now + 600_000) };
    await durableOrders.enqueue({ outTradeNo, merchantId, ...times });
    vault.delete(merchantId);
    await registry.reload();
    await durableOrders.start();
    const told = async (status: DurableOrder['status']): Promise<unknown> => {
      for (;;) {
        const [stored] = await durableOrders.list();
        if (stored?.status === status) return stored;
        await sleep(10);
      }
    };
    const unresolved = { kind: 'unresolved', error: { code: 'WECHATPAY_INVALID_CONFIG' } };
    expect(await told('dead')).toMatchObject({ outcome: unresolved });
    await expect(durableOrders.redrive({ outTradeNo, merchantId })).rejects.toMatchObject({ problem: 'unknown' });
    expect(sandbox.requests).toEqual([]);
    vault.set(merchantId, settingsOf(sandbox.merchant));
    await registry.reload(merchantId);
    expect(await durableOrders.redrive({ outTradeNo, merchantId })).toBe(true);
    expect(await told('done')).toMatchObject(paid);
  });

  it('judges a notification with the key of the merchant that it names', async () => {
    const { sandbox, vault, registry, durableOrders, settingsOf } = await openChain();
    const { merchant } = sandbox;
    const body = (fault?: 'forged' | 'foreign-merchant'): Buffer =>
      sandbox.notification({ merchant, signType: 'HMAC-SHA256', ...(fault && { fault }) }).body;
    await expect(durableOrders.notified(body())).rejects.toMatchObject({ problem: 'unknown-merchant' });
    vault.set(merchant.merchantId, new Error('the vault is away'));
    await registry.reload(merchant.merchantId);
    await expect(durableOrders.notified(body())).rejects.toMatchObject({ code: 'WECHATPAY_MERCHANT_LOOKUP' });
    vault.set(merchant.merchantId, settingsOf(merchant));
    expect(await durableOrders.notified(body())).toMatchObject({ kind: 'unknown-order' });
    await expect(durableOrders.notified(body('forged'))).rejects.toMatchObject({ problem: 'wrong-signature' });
    const foreign = durableOrders.notified(body('foreign-merchant'));
    await expect(foreign).rejects.toMatchObject({ problem: 'unknown-merchant' });
  });

  it('charges what it was given, also where that is changed while the registry is asked', async () => {
    const { sandbox, vault, durableOrders, settingsOf, purchase } = await openChain();
    const { merchantId } = sandbox.merchant;
    vault.set(merchantId, settingsOf(sandbox.merchant));
    const request = purchase('A1');
    const paying = durableOrders.pay(request, { merchantId });
    Object.assign(request, { outTradeNo: 'A2', totalFee: 1 });
    expect(await paying).toMatchObject({ outcome: { kind: 'paid' }, result: { totalFee: 888 } });
    expect(await durableOrders.get({ outTradeNo: 'A1', merchantId })).toBeDefined();
    const order = { outTradeNo: 'A1', merchantId };
    const noting = durableOrders.note(order, { text: 'Called the customer.' });
    order.outTradeNo = 'A2';
    expect(await noting).toBe(true);
  });

  it('stores a clear answer though the merchant is known no more by then', async () => {
    const { sandbox, vault, registry, durableOrders, settingsOf, purchase } = await openChain();
    const { merchantId } = sandbox.merchant;
    const settings = settingsOf(sandbox.merchant);
    const forgetful: WechatPayConfig['transport'] = async (request) => {
      vault.delete(merchantId);
      await registry.reload(merchantId);
      return settings.transport!(request);
    };
    vault.set(merchantId, { ...settings, transport: forgetful });
    const { outcome } = await durableOrders.pay(purchase('A1'), { merchantId });
    expect(outcome.kind).toBe('paid');
    const [stored] = await durableOrders.list();
    expect(stored).toMatchObject({ merchantId, outcome: { kind: 'paid' } });
  });
});
