import { inspect } from 'node:util';
import fc from 'fast-check';
import { afterEach, describe, expect, it, test, vi } from 'vitest';
import { failure } from '../../test/failure.js';
import { paymentDocument } from '../../test/notified.js';
import { startGateway } from '../../test/start-gateway.js';
import {
  decodeXml,
  isMerchantRegistry,
  MerchantRegistry,
  queryOrder,
  readPaymentNotification,
  reverseOrder,
  verifySignature,
  type MerchantLookup,
  type MerchantRegistryOptions,
  type Transport,
  type WechatPayClient,
  type WechatPayConfig,
  type WechatPayMerchantError,
} from '../index.js';

const SECRET = 's1'.repeat(16);

/** Where every request ends up: nothing is sent. */
const sent: Record<string, string>[] = [];
const transport: Transport = ({ body }) => {
  sent.push(decodeXml(body));
  return Promise.reject(new Error('no answer'));
};

function settings(merchantId: string, changes: Partial<WechatPayConfig> = {}): WechatPayConfig {
  return { appId: 'wx2421b1c4370ec43b', merchantId, apiKey: SECRET, transport, ...changes };
}

/** An application whose database the test writes, and whose clock it moves. */
function application(options: Partial<MerchantRegistryOptions> = {}): {
  rows: Map<string, unknown>;
  asked: string[];
  problems: WechatPayMerchantError[];
  pass: (ms: number) => void;
  registry: MerchantRegistry;
} {
  let now = 1_800_000_000_000;
  const rows = new Map<string, unknown>();
  const asked: string[] = [];
  const problems: WechatPayMerchantError[] = [];
  const load: MerchantLookup = async (merchantId) => {
    asked.push(merchantId);
    await Promise.resolve();
    const row = rows.get(merchantId);
    if (row instanceof Error) throw row;
    return row as WechatPayConfig | undefined;
  };
  const registry = new MerchantRegistry({
    load,
    now: () => now,
    onProblem: (error) => problems.push(error),
    ...options,
  });
  return { rows, asked, problems, pass: (ms) => (now += ms), registry };
}

const aTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

afterEach(() => {
  sent.length = 0;
  vi.useRealTimers();
});

/** By which key the client of a merchant signs. */
async function keyInUse(client: WechatPayClient, keys: readonly string[]): Promise<string | undefined> {
  await failure(queryOrder(client, { outTradeNo: 'A1' }));
  const request = sent.at(-1) ?? {};
  return keys.find((key) => verifySignature(request, key, 'HMAC-SHA256'));
}

it('asks when a merchant is first needed, once for all who ask at once, and keeps what it was told', async () => {
  const { rows, asked, registry } = application();
  rows.set('1', settings('1'));
  const clients = await Promise.all([registry.get('1'), registry.get('1'), registry.find('1')]);
  expect(new Set(clients).size).toBe(1);
  expect(await registry.get('1')).toBe(clients[0]);
  expect(asked).toEqual(['1']);
  expect(registry.cached('1')).toBe(clients[0]);
  expect(registry.cached('2')).toBeUndefined();
  expect(registry.clients()).toEqual([clients[0]]);
});

it('knows no merchant of which it was told nothing, and does not ask again for 10 s', async () => {
  const { rows, asked, pass, registry } = application();
  expect(await failure(registry.get('1'))).toMatchObject({
    code: 'WECHATPAY_MERCHANT_LOOKUP',
    problem: 'unknown',
    merchantId: '1',
    outcome: 'not-sent',
  });
  rows.set('1', settings('1'));
  expect(await registry.find('1')).toBeUndefined();
  expect(asked).toHaveLength(1);
  pass(10_000);
  expect((await registry.get('1')).merchantId).toBe('1');
  // Whoever has just added it says so.
  expect(await registry.find('2')).toBeUndefined();
  rows.set('2', settings('2'));
  await registry.reload('2');
  expect((await registry.get('2')).merchantId).toBe('2');
});

describe('an answer that cannot be used', () => {
  test.each<[what: string, answer: unknown, message: RegExp]>([
    ['another merchant', settings('2'), /merchantId: give the settings of the merchant that was asked for/],
    ['no settings', 'secret-'.repeat(10), /settings: must be an object/],
    ['a key that is missing', { ...settings('1'), apiKey: undefined }, /apiKey: is missing/],
    ['a key that is too short', settings('1', { apiKey: 'short' }), /this one has 5/],
    ['no certificate', { ...settings('1'), transport: undefined }, /certificate: is missing/],
    ['an unknown property', { ...settings('1'), apikey: SECRET }, /Did you mean apiKey\?/],
  ])('%s: is refused before anything is sent, also where the merchant is in use', async (_, answer, message) => {
    const expected = { code: 'WECHATPAY_MERCHANT_LOOKUP', problem: 'invalid', merchantId: '1', outcome: 'not-sent' };
    const first = application();
    first.rows.set('1', answer);
    const error = await failure(first.registry.get('1'));
    expect(error).toMatchObject(expected);
    expect(error.message).toMatch(/^merchant 1: `load` gave settings that cannot be used: .*Nothing was sent\.$/s);
    expect(error.message).toMatch(message);
    expect(inspect(error, { depth: null })).not.toContain(SECRET);

    const { rows, problems, pass, asked, registry } = application();
    rows.set('1', settings('1'));
    const client = await registry.get('1');
    rows.set('1', answer);
    expect(await failure(registry.reload('1'))).toMatchObject(expected);
    expect(problems).toEqual([expect.objectContaining(expected)]);
    expect(await registry.get('1')).toBe(client);
    expect(await keyInUse(client, [SECRET])).toBe(SECRET);
    pass(10_000);
    await registry.get('1');
    await aTurn();
    expect(asked).toHaveLength(3);
    expect(problems).toHaveLength(2);
  });

  it('what cannot be read: is refused, and not shown', async () => {
    const { rows, registry } = application();
    const thrower = (): never => {
      throw new Error(SECRET);
    };
    rows.set('1', Object.defineProperty(settings('1'), 'appId', { get: thrower }));
    const error = await failure(registry.get('1'));
    expect(error).toMatchObject({ problem: 'invalid' });
    expect(error.message).toMatch(/settings: cannot be read/);
    expect(inspect(error, { depth: null })).not.toContain(SECRET);
  });

  it('says that it could not ask, without what a database says of its password', async () => {
    const { rows, registry } = application();
    rows.set(
      '1',
      Object.assign(new Error(`postgres://app:${SECRET}9@db refused`), { code: 'ECONNREFUSED', url: SECRET }),
    );
    const error = await failure(registry.get('1'));
    expect(error).toMatchObject({ problem: 'unavailable', outcome: 'not-sent', cause: { code: 'ECONNREFUSED' } });
    expect(inspect(error, { depth: null, showHidden: true })).not.toContain(SECRET);
    rows.set('1', settings('1'));
    expect((await registry.get('1')).merchantId).toBe('1');
  });

  it('waits no longer than loadTimeoutMs, aborts the question, and has others take its place', async () => {
    vi.useFakeTimers();
    const signals: AbortSignal[] = [];
    const load: MerchantLookup = (merchantId, { signal }) => {
      signals.push(signal);
      return merchantId === 'last' ? settings('last') : new Promise(() => undefined);
    };
    const registry = new MerchantRegistry({ load, loadTimeoutMs: 100 });
    const hanging = Array.from({ length: 40 }, (_, index) => failure(registry.get(`m${index}`)));
    await vi.advanceTimersByTimeAsync(50);
    expect(signals).toHaveLength(32);
    await vi.advanceTimersByTimeAsync(50);
    for (const error of await Promise.all(hanging)) expect(error).toMatchObject({ problem: 'unavailable' });
    expect(signals.every(({ aborted }) => aborted)).toBe(true);
    expect((await registry.get('last')).merchantId).toBe('last');
  });
});

describe('settings that change', () => {
  it('takes a key over without anybody waiting, in the client that everybody has', async () => {
    const { rows, asked, pass, registry } = application();
    const [before, after] = [SECRET, 'n'.repeat(32)];
    rows.set('1', settings('1'));
    const client = await registry.get('1');
    rows.set('1', settings('1', { apiKey: after }));
    pass(299_999);
    expect(await registry.get('1')).toBe(client);
    expect(asked).toHaveLength(1);
    pass(1);
    expect(await registry.get('1')).toBe(client);
    await aTurn();
    expect(asked).toHaveLength(2);
    expect(await keyInUse(client, [before, after])).toBe(after);
  });

  it('takes anything else over in another client, and leaves no old key behind', async () => {
    const { rows, registry } = application();
    rows.set('1', settings('1'));
    const old = await registry.get('1');
    const apiKey = 'n'.repeat(32);
    rows.set('1', settings('1', { apiKey, appId: 'wx2' }));
    await registry.reload();
    const client = await registry.get('1');
    expect([client.appId, old.appId]).toEqual(['wx2', 'wx2421b1c4370ec43b']);
    for (const each of [client, old]) expect(await keyInUse(each, [SECRET, apiKey])).toBe(apiKey);
  });

  it('forgets a merchant that is no more; who has its client goes on, with its new key if it comes back', async () => {
    const { rows, registry } = application();
    rows.set('1', settings('1'));
    const client = await registry.get('1');
    rows.delete('1');
    await registry.reload('1');
    expect(await registry.find('1')).toBeUndefined();
    expect(registry.clients()).toEqual([]);
    expect(await keyInUse(client, [SECRET])).toBe(SECRET);
    const apiKey = 'n'.repeat(32);
    rows.set('1', settings('1', { apiKey }));
    await registry.reload();
    expect(await keyInUse(client, [SECRET, apiKey])).toBe(apiKey);
  });

  it('reaches every client that somebody has, whether it is kept, dropped or made of other settings', async () => {
    const { rows, registry } = application({ maxClients: 1 });
    const changes = [{}, { appId: 'wx2' }, { appId: 'wx2', signType: 'MD5' as const }];
    const held: WechatPayClient[] = [];
    for (const change of changes) {
      rows.set('1', settings('1', change));
      await registry.reload('1');
      held.push(await registry.get('1'));
    }
    rows.set('2', settings('2'));
    await registry.get('2'); // drops the other
    expect(registry.clients().map(({ merchantId }) => merchantId)).toEqual(['2']);
    for (const apiKey of ['n'.repeat(32), 'm'.repeat(32)]) {
      rows.set('1', settings('1', { ...changes[2], apiKey, signType: undefined }));
      await registry.reload();
      for (const client of held.slice(0, 2)) expect(await keyInUse(client, [SECRET, apiKey])).toBe(apiKey);
    }
  });

  it('asks again where a question was under way, which may have been answered before', async () => {
    const answers: ((config: WechatPayConfig) => void)[] = [];
    const load: MerchantLookup = () => new Promise((resolve) => answers.push(resolve));
    const registry = new MerchantRegistry({ load });
    const getting = registry.get('1');
    const reloading = registry.reload('1');
    answers[0]?.(settings('1'));
    const client = await getting;
    await aTurn();
    const apiKey = 'n'.repeat(32);
    answers[1]?.(settings('1', { apiKey }));
    await reloading;
    expect(await registry.get('1')).toBe(client);
    expect(await keyInUse(client, [SECRET, apiKey])).toBe(apiKey);
  });

  // Whatever came before: after a reload, a merchant is as one that is asked for the first time.
  it('is after any changes as one that is new', async () => {
    const config = fc.record({
      apiKey: fc.constantFrom('a'.repeat(32), 'b'.repeat(32), 'short', undefined),
      appId: fc.constantFrom('wx1', 'wx2'),
      signType: fc.constantFrom('MD5' as const, undefined),
      merchantId: fc.constantFrom('1', '1', '1', '2'),
      previousApiKey: fc.constantFrom(undefined, { apiKey: 'c'.repeat(32), until: new Date(1_900_000_000_000) }),
    });
    const answer = fc.oneof({ weight: 4, arbitrary: config }, fc.constant(undefined));
    await fc.assert(
      fc.asyncProperty(fc.array(answer, { minLength: 1, maxLength: 5 }), async (answers) => {
        const seen = async (registry: MerchantRegistry): Promise<unknown> => {
          try {
            const client = await registry.get('1');
            const key = await keyInUse(client, ['a'.repeat(32), 'b'.repeat(32)]);
            const notified = paymentDocument({ appid: client.appId, mch_id: '1' }, 'c'.repeat(32), 'HMAC-SHA256');
            let believes = true;
            try {
              readPaymentNotification(client, notified);
            } catch {
              believes = false;
            }
            return [client.appId, sent.at(-1)?.sign_type, key, believes];
          } catch (error) {
            return (error as WechatPayMerchantError).problem;
          }
        };
        const { rows, registry } = application();
        let last: unknown;
        for (const each of answers) {
          rows.set('1', each && { ...settings('1'), ...each });
          const before = registry.cached('1') && (await seen(registry));
          await registry.reload('1').catch(() => undefined);
          const fresh = application();
          fresh.rows.set('1', rows.get('1'));
          last = await seen(fresh.registry);
          // What cannot be used leaves in force what was there.
          expect(await seen(registry)).toEqual(last === 'invalid' && before ? before : last);
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe('memory', () => {
  it('keeps those that were used last, and no second client of one that somebody has', async () => {
    const { rows, asked, registry } = application({ maxClients: 3 });
    for (let id = 1; id <= 5; id += 1) rows.set(String(id), settings(String(id)));
    const [first] = [await registry.get('1'), await registry.get('2'), await registry.get('3')];
    await registry.get('1');
    await registry.get('4');
    expect(registry.clients().map(({ merchantId }) => merchantId)).toEqual(['3', '1', '4']);
    for (const id of ['5', '3', '4']) await registry.get(id);
    expect(registry.clients()).toHaveLength(3);
    expect(await registry.get('1')).toBe(first); // by now it had been dropped
    expect(asked.filter((id) => id === '1')).toHaveLength(1);
    rows.set('1', settings('1', { apiKey: 'n'.repeat(32) }));
    for (const id of ['5', '3', '4']) await registry.get(id);
    await registry.reload('1');
    expect(await keyInUse(first, [SECRET, 'n'.repeat(32)])).toBe('n'.repeat(32));
  });

  it('remembers no more than so many merchants that there are not', async () => {
    const { asked, registry } = application();
    for (let id = 0; id < 1_001; id += 1) expect(await registry.find(`x${id}`)).toBeUndefined();
    await registry.find('x1000');
    expect(asked).toHaveLength(1_001);
    await registry.find('x0');
    expect(asked).toHaveLength(1_002);
  });
});

describe('whose notification it is', () => {
  it('looks the merchant up before it judges the signature, and believes nothing', async () => {
    const { rows, asked, registry } = application();
    rows.set('1', settings('1'));
    const read = async (key: string, mch_id = '1'): Promise<unknown> => {
      const body = paymentDocument({ appid: 'wx2421b1c4370ec43b', mch_id }, key, 'HMAC-SHA256');
      return readPaymentNotification(await registry.ofNotification(body), body);
    };
    await expect(read(SECRET)).resolves.toMatchObject({ isPaid: true, merchantId: '1' });
    expect(await failure(read('x'.repeat(32)))).toMatchObject({ problem: 'wrong-signature' });
    for (const nobody of ['2', 'x'.repeat(33), '1 ', '']) {
      expect(await failure(read(SECRET, nobody))).toMatchObject({ problem: 'unknown-merchant' });
    }
    expect(asked).toEqual(['1', '2']);
    expect(await failure(registry.ofNotification('<xml>'))).toMatchObject({ problem: 'malformed' });
    rows.set('3', new Error('the database is away'));
    expect(await failure(read(SECRET, '3'))).toMatchObject({ code: 'WECHATPAY_MERCHANT_LOOKUP' });
  });
});

describe('notifications that anybody can write', () => {
  const naming = (merchantId: string): string => `<xml><mch_id>${merchantId}</mch_id></xml>`;
  const forged = (index: number): string => naming(`f${index}`);

  /** A vault that answers when the test says so. */
  function vault(): {
    registry: MerchantRegistry;
    asked: string[];
    answer: (merchantId: string, known?: boolean) => void;
  } {
    const asked: string[] = [];
    const answers = new Map<string, (config?: WechatPayConfig) => void>();
    const load: MerchantLookup = (merchantId) => {
      asked.push(merchantId);
      return new Promise((resolve) => answers.set(merchantId, resolve));
    };
    const answer = (merchantId: string, known = true): void =>
      answers.get(merchantId)?.(known ? settings(merchantId) : undefined);
    return { registry: new MerchantRegistry({ load, loadTimeoutMs: 60_000 }), asked, answer };
  }

  it('take no place of what the application asks, wait in a bounded number, and are refused beyond that', async () => {
    const { registry, asked, answer } = vault();
    const flood = Array.from({ length: 1_100 }, (_, index) => failure(registry.ofNotification(forged(index))));
    await aTurn();
    expect(asked).toHaveLength(8);
    const getting = registry.get('1');
    answer('1');
    expect((await getting).merchantId).toBe('1');
    for (const error of await Promise.all(flood.slice(1_008))) {
      expect(error).toMatchObject({ problem: 'unavailable', outcome: 'not-sent' });
    }
    for (let index = 0; index < 1_008; index += 1) {
      answer(`f${index}`, false);
      expect(await flood[index]).toMatchObject({ problem: 'unknown-merchant' });
    }
    expect(asked).toHaveLength(1_009);
  });

  it('hold nobody up who needs the merchant that they name', async () => {
    const { registry, asked, answer } = vault();
    for (let index = 0; index < 20; index += 1) void failure(registry.ofNotification(forged(index)));
    const named = registry.ofNotification(naming('1'));
    const reloaded = registry.ofNotification(naming('2'));
    await aTurn();
    expect(asked).not.toContain('1');
    const getting = registry.get('1');
    answer('1');
    const client = await getting;
    expect(await named).toBe(client);
    const another = registry.get('2');
    answer('2');
    expect(await reloaded).toBe(await another);
    expect(asked.slice(8)).toEqual(['1', '2']);
  });

  it('drop no client that is used, nor what is known of merchants that there are not', async () => {
    const { rows, asked, registry } = application({ maxClients: 2 });
    for (let id = 1; id <= 9; id += 1) rows.set(String(id), settings(String(id)));
    for (const id of ['1', '2']) await registry.get(id);
    expect(await registry.find('none')).toBeUndefined();
    for (let id = 3; id <= 9; id += 1) await registry.ofNotification(naming(String(id)));
    for (let index = 0; index < 1_001; index += 1) await failure(registry.ofNotification(forged(index)));
    expect(registry.clients().map(({ merchantId }) => merchantId)).toEqual(['1', '2', '8', '9']);
    asked.length = 0;
    for (const id of ['1', '2', 'none']) await registry.find(id);
    expect(asked).toEqual([]);
    // One that is used from then on is kept as one.
    await registry.get('9');
    for (let id = 3; id <= 6; id += 1) await registry.ofNotification(naming(String(id)));
    expect(registry.clients().map(({ merchantId }) => merchantId)).toEqual(['2', '9', '5', '6']);
  });

  it('make no merchant unknown to the application', async () => {
    const { rows, asked, registry } = application();
    expect(await failure(registry.ofNotification(naming('1')))).toMatchObject({ problem: 'unknown-merchant' });
    rows.set('1', settings('1'));
    expect(await failure(registry.ofNotification(naming('1')))).toMatchObject({ problem: 'unknown-merchant' });
    expect(asked).toEqual(['1']);
    expect((await registry.get('1')).merchantId).toBe('1');
    expect((await registry.ofNotification(naming('1'))).merchantId).toBe('1');
  });
});

describe('close', async () => {
  const { sandbox } = await startGateway();

  it('ends the connections of every merchant, also of one that was dropped, and lets no call through', async () => {
    const other = await sandbox.merchants.create();
    const merchants = [sandbox.merchant, other];
    const load: MerchantLookup = (id) => {
      const merchant = merchants.find(({ merchantId }) => merchantId === id);
      return merchant && { ...merchant };
    };
    const registry = new MerchantRegistry({ load, maxClients: 1 });
    const clients: WechatPayClient[] = [];
    for (const merchant of merchants) {
      const { outTradeNo } = sandbox.orders.create({ state: 'paid', merchant });
      const client = await registry.get(merchant.merchantId);
      await reverseOrder(client, { outTradeNo });
      clients.push(client);
    }
    await registry.close();
    for (const client of clients) {
      expect(await failure(queryOrder(client, { outTradeNo: 'A1' }))).toMatchObject({ outcome: 'not-sent' });
    }
    expect(await failure(registry.get(other.merchantId))).toMatchObject({ problem: 'unavailable' });
    await registry.close();
  });

  it('has a client send nothing any more that cannot take the new key', async () => {
    const { certificate, appId, ...merchant } = sandbox.merchant;
    let [reads, most, app] = [0, Infinity, appId];
    const file = {
      ...certificate,
      get pfx(): Buffer {
        reads += 1;
        if (reads > most) throw new Error('it is being replaced');
        return certificate.pfx;
      },
    };
    const registry = new MerchantRegistry({ load: () => ({ ...merchant, appId: app, certificate: file }) });
    const old = await registry.get(merchant.merchantId);
    [most, app] = [2 * reads, 'wx2']; // enough for another client, and no more
    await registry.reload();
    expect((await registry.get(merchant.merchantId)).appId).toBe('wx2');
    expect(await failure(queryOrder(old, { outTradeNo: 'A1' }))).toMatchObject({ outcome: 'not-sent' });
    await registry.close();
  });
});

test.each<[options: unknown, message: RegExp]>([
  [undefined, /^options: must be an object/],
  [{}, /^load: must be a function/],
  [{ load: () => undefined, ttl: 1 }, /Did you mean maxAgeMs\?/],
  [{ load: () => undefined, maxClients: 0 }, /^maxClients: must be a whole number from 1 to 100000; it is 0/],
  [{ load: () => undefined, maxAgeMs: 1.5 }, /^maxAgeMs/],
  [{ load: () => undefined, loadTimeoutMs: 60_001 }, /^loadTimeoutMs/],
  [{ load: () => undefined, onProblem: 1 }, /^onProblem: must be a function/],
  [{ load: () => undefined, now: 1 }, /^now: must be a function/],
])('refuses the options %j', (options, message) => {
  expect(() => new MerchantRegistry(options as never)).toThrow(message);
});

test.each([undefined, null, '', 1900000109, 'x'.repeat(33), '1 2'])(
  'refuses the merchant ID %j',
  async (merchantId) => {
    const { asked, registry } = application();
    expect(await failure(registry.get(merchantId as never))).toMatchObject({ field: 'merchantId' });
    expect(asked).toEqual([]);
  },
);

it('shows no secret, and is known by its brand', async () => {
  const { rows, registry } = application();
  rows.set('1', settings('1', { proxy: false }));
  await registry.get('1');
  expect(inspect(registry, { depth: null, showHidden: true }) + JSON.stringify(registry)).not.toContain(SECRET);
  expect([isMerchantRegistry(registry), isMerchantRegistry({}), isMerchantRegistry(undefined)]).toEqual([
    true,
    false,
    false,
  ]);
});
