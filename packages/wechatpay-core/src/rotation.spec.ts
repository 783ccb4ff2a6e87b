import type { ServerResponse } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { afterEach, describe, expect, it, test, vi } from 'vitest';
import { failure } from '../test/failure.js';
import { encryptRefundInfo, paymentDocument, refundDocument } from '../test/notified.js';
import { startGateway } from '../test/start-gateway.js';
import { MERCHANT_ID, ORDER, reversedReply, tlsGateway } from '../test/tls-gateway.js';
import made from '../test/vectors/notifications.json' with { type: 'json' };
import {
  decodeXml,
  encodeXml,
  queryOrder,
  readPaymentNotification,
  readRefundNotification,
  reverseOrder,
  signFields,
  verifySignature,
  WechatPayClient,
  type KeyRotation,
  type Transport,
  type WechatPayConfig,
} from './index.js';

const KEYS = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(32)) as [string, string, string, string];
const PARTIES = { appid: made.payment.appid, mch_id: made.payment.mch_id };

function settings(transport: Transport, changes: Partial<WechatPayConfig> = {}): WechatPayConfig {
  return { appId: PARTIES.appid, merchantId: PARTIES.mch_id, apiKey: KEYS[0], transport, signType: 'MD5', ...changes };
}

/** A request that the gateway holds, until a test answers it with a key. */
interface Held {
  readonly fields: Record<string, string>;
  readonly answer: (key: string) => void;
}

/** A gateway that answers when it is told to. */
function holding(): { held: Held[]; transport: Transport } {
  const held: Held[] = [];
  let nonces = 0;
  const transport: Transport = ({ body }) =>
    new Promise((resolve) => {
      const fields = decodeXml(body);
      const answer = (key: string): void => {
        const reply = {
          return_code: 'SUCCESS',
          ...PARTIES,
          nonce_str: `n${(nonces += 1)}`,
          result_code: 'SUCCESS',
          recall: 'N',
        };
        const xml = encodeXml({ ...reply, sign: signFields(reply, key, 'MD5') });
        resolve({ status: 200, body: Buffer.from(xml) });
      };
      held.push({ fields, answer });
    });
  return { held, transport };
}

const aTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

// A judge who knows which keys hold, beside a client that is rotated at random under random traffic.
type Deed =
  | { readonly kind: 'rotate'; readonly key: string; readonly previous: string | undefined; readonly forMs: number }
  | { readonly kind: 'call' }
  | { readonly kind: 'answer'; readonly which: number; readonly key: string }
  | { readonly kind: 'notify'; readonly key: string }
  | { readonly kind: 'pass'; readonly ms: number };

const key = fc.constantFrom(...KEYS);
const deeds: fc.Arbitrary<readonly Deed[]> = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constant('rotate' as const),
      key,
      previous: fc.option(key, { nil: undefined }),
      forMs: fc.constantFrom(-1, 1, 10, 1000),
    }),
    fc.constant({ kind: 'call' as const }),
    fc.constant({ kind: 'call' as const }),
    fc.record({ kind: fc.constant('answer' as const), which: fc.nat(), key }),
    fc.record({ kind: fc.constant('answer' as const), which: fc.nat(), key }),
    fc.record({ kind: fc.constant('notify' as const), key }),
    fc.record({ kind: fc.constant('pass' as const), ms: fc.constantFrom(1, 9, 10, 500) }),
  ),
  { minLength: 5, maxLength: 25 },
);

describe('random rotations under random traffic', () => {
  it('signs with the newest key, and believes the keys that are accepted at that moment, and no other', async () => {
    await fc.assert(
      fc.asyncProperty(deeds, async (done) => {
        let now = 1_800_000_000_000;
        const { held, transport } = holding();
        const client = new WechatPayClient(
          settings(transport, { now: () => now, maxConnections: 2, timeoutMs: 1_000_000_000 }),
        );
        let keys: { newest: string; previous?: { key: string; until: number } } = { newest: KEYS[0] };
        const isOf = (signer: string, { newest, previous }: typeof keys): boolean =>
          signer === newest || (signer === previous?.key && now < previous.until);
        /** @param own which keys there were when the call left. */
        const holds = (signer: string, own = keys): boolean => isOf(signer, keys) || isOf(signer, own);
        /** By number of the order, what became of the call. */
        const ends = new Map<string, Promise<string>>();
        const open: { readonly request: Held; readonly own: typeof keys }[] = [];
        let seen = 0;
        const look = async (): Promise<void> => {
          await aTurn();
          for (; seen < held.length; seen += 1) {
            const request = held[seen]!;
            // What leaves now, also after it has waited, is signed with the newest key.
            expect(verifySignature(request.fields, keys.newest, 'MD5')).toBe(true);
            open.push({ request, own: keys });
          }
        };
        const answer = async (which: number, signer: string): Promise<void> => {
          const [call] = open.splice(which % open.length, 1);
          if (!call) return;
          call.request.answer(signer);
          const end = await ends.get(call.request.fields.out_trade_no ?? '');
          expect(end).toBe(holds(signer, call.own) ? 'succeeded' : 'unknown WECHATPAY_SIGNATURE_MISMATCH');
          await look();
        };
        for (const deed of done) {
          switch (deed.kind) {
            case 'rotate': {
              const { key: apiKey, previous: before, forMs } = deed;
              const until = now + forMs;
              const change = {
                apiKey,
                ...(before !== undefined && { previousApiKey: { apiKey: before, until: new Date(until) } }),
              };
              if (before === apiKey) expect(() => client.rotate(change)).toThrow(/is the same as apiKey/);
              else {
                client.rotate(change);
                expect(client.rotate(change)).toBe(false);
                keys = { newest: apiKey, ...(before !== undefined && { previous: { key: before, until } }) };
              }
              break;
            }
            case 'call': {
              if (ends.size === 8) break;
              const outTradeNo = `A${ends.size}`;
              const end = reverseOrder(client, { outTradeNo }).then(
                () => 'succeeded',
                (error: unknown) => {
                  const { outcome, code } = error as { outcome: string; code: string };
                  return `${outcome} ${code}`;
                },
              );
              ends.set(outTradeNo, end);
              await look();
              break;
            }
            case 'answer':
              await answer(deed.which, deed.key);
              break;
            case 'notify': {
              const payment = (): unknown => readPaymentNotification(client, paymentDocument({}, deed.key));
              const inner = '<root><out_refund_no>R1</out_refund_no><refund_status>SUCCESS</refund_status></root>';
              const document = refundDocument({ req_info: encryptRefundInfo(inner, deed.key) });
              const refund = (): unknown => readRefundNotification(client, document);
              if (holds(deed.key)) {
                payment();
                refund();
              } else {
                expect(payment).toThrow(/Nothing in it was believed/);
                expect(refund).toThrow(/not readable with this merchant's key/);
              }
              break;
            }
            case 'pass':
              now += deed.ms;
          }
        }
        while (open.length > 0) await answer(0, keys.newest);
        expect(held).toHaveLength(ends.size);
      }),
      { numRuns: 200 },
    );
  });

  it('is as a client that is made with these settings', () => {
    fc.assert(
      fc.property(key, key, fc.integer({ min: -2, max: 2 }), key, (apiKey, before, forMs, signer) => {
        fc.pre(apiKey !== before);
        const now = (): number => 1_800_000_000_000;
        const change = { apiKey, previousApiKey: { apiKey: before, until: new Date(now() + forMs) } };
        const { transport } = holding();
        const rotated = new WechatPayClient(settings(transport, { now }));
        rotated.rotate(change);
        const made = new WechatPayClient(settings(transport, { now, ...change }));
        const read = (client: WechatPayClient) => (): string => {
          try {
            return readPaymentNotification(client, paymentDocument({}, signer)).id;
          } catch (error) {
            return String(error);
          }
        };
        expect(read(rotated)()).toBe(read(made)());
      }),
    );
  });
});

it('a clock that fails accepts no key of before', () => {
  let isBroken = false;
  const now = (): number => {
    if (isBroken) throw new Error('no clock');
    return 1_800_000_000_000;
  };
  const previousApiKey = { apiKey: KEYS[1], until: new Date(now() + 1) };
  const client = new WechatPayClient(settings(holding().transport, { now, previousApiKey }));
  const read = (): unknown => readPaymentNotification(client, paymentDocument({}, KEYS[1]));
  expect(read).not.toThrow();
  isBroken = true;
  expect(read).toThrow(/Nothing in it was believed/);
});

it('says of a key whose time is over that it was accepted, and until when', async () => {
  const until = new Date('2026-11-27T12:00:00Z');
  const { held, transport } = holding();
  const now = (): number => until.getTime();
  const client = new WechatPayClient(settings(transport, { now, previousApiKey: { apiKey: KEYS[1], until } }));
  const said =
    /signed with previousApiKey, which was accepted until 2026-11-27T12:00:00\.000Z.*Nothing in it was believed/;
  expect(() => readPaymentNotification(client, paymentDocument({}, KEYS[1]))).toThrow(said);
  const call = failure(reverseOrder(client, ORDER));
  held[0]?.answer(KEYS[1]);
  expect(await call).toMatchObject({ outcome: 'unknown', message: expect.stringMatching(said) as string });
});

test.each<[field: string, change: unknown, message: RegExp]>([
  ['rotation', undefined, /must be an object/],
  ['rotation', {}, /is empty; give \{ apiKey, previousApiKey \}/],
  ['appId', { appId: 'wx1', apiKey: KEYS[1] }, /is unknown/],
  ['apikey', { apikey: KEYS[1] }, /Did you mean apiKey\?/],
  ['apiKey', { apiKey: 'short' }, /this one has 5/],
  ['apiKey', { previousApiKey: { apiKey: KEYS[0], until: new Date() } }, /is missing beside previousApiKey/],
  ['previousApiKey', { apiKey: KEYS[1], previousApiKey: KEYS[0] }, /must be an object/],
  ['previousApiKey.until', { apiKey: KEYS[1], previousApiKey: { apiKey: KEYS[0], until: 0 } }, /must be a valid Date/],
  ['previousApiKey.apiKey', { apiKey: KEYS[1], previousApiKey: { apiKey: '', until: new Date() } }, /is empty/],
  ['previousApiKey.apiKey', { apiKey: KEYS[1], previousApiKey: { apiKey: KEYS[1], until: new Date() } }, /is the same/],
  ['certificate', { apiKey: KEYS[1], certificate: {} }, /is missing; give \{ pfx \}/],
])('refuses a wrong %s, and changes nothing: %j', async (field, change, message) => {
  const { held, transport } = holding();
  const client = new WechatPayClient(settings(transport));
  let error: unknown;
  try {
    client.rotate(change as KeyRotation);
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toMatchObject({ name: 'WechatPayConfigError', message: expect.stringMatching(message) as string });
  if (field !== 'apiKey') expect(error).toMatchObject({ field });
  for (const secret of KEYS) expect(inspect(error)).not.toContain(secret);
  const call = reverseOrder(client, ORDER);
  expect(verifySignature(held[0]?.fields ?? {}, KEYS[0], 'MD5')).toBe(true);
  held[0]?.answer(KEYS[0]);
  await call;
});

it('refuses what cannot be read, by name', () => {
  const client = new WechatPayClient(settings(holding().transport));
  const change = {
    apiKey: KEYS[1],
    get certificate(): never {
      throw new Error('not loaded yet');
    },
  };
  expect(() => client.rotate(change)).toThrow(/^certificate: cannot be read: its getter threw\./);
});

it('shows none of the keys that it ever had', async () => {
  const transport: Transport = () => Promise.reject(new Error(`refused: ${KEYS.join(' ')}`));
  const [first, second, third, fourth] = KEYS;
  const client = new WechatPayClient(settings(transport, { apiKey: first }));
  const until = new Date(Date.now() + 60_000);
  for (const apiKey of [second, third, fourth]) client.rotate({ apiKey, previousApiKey: { apiKey: first, until } });
  const error = await failure(reverseOrder(client, ORDER));
  for (const secret of KEYS) {
    expect(inspect(error, { depth: null, showHidden: true })).not.toContain(secret.slice(0, 12));
    expect(inspect(client, { depth: null, showHidden: true }) + JSON.stringify(client)).not.toContain(secret);
  }
});

describe('the certificate', async () => {
  afterEach(() => {
    vi.useRealTimers();
  });
  const { authority, merchant, connect, serve } = await tlsGateway();
  const other = await authority.issueClient({ commonName: MERCHANT_ID });

  it('shows the new one on new connections; a call under way ends on its own, and idle ones end at once', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }); // else idle connections would end by themselves after 4 s
    const shown: string[] = [];
    const kept: ServerResponse[] = [];
    let isSlow = false;
    const { baseUrl, openConnections } = await serve((request, response) => {
      shown.push((request.socket as TLSSocket).getPeerCertificate().serialNumber.toLowerCase());
      if (isSlow) kept.push(response);
      else response.end(reversedReply());
    });
    const client = connect(baseUrl);
    await Promise.all([reverseOrder(client, ORDER), reverseOrder(client, ORDER)]);
    isSlow = true;
    const slow = reverseOrder(client, ORDER);
    while (kept.length === 0) await aTurn();
    expect(openConnections()).toBe(2);

    const { cert, key: privateKey } = other;
    expect(client.rotate({ certificate: { cert, key: privateKey } })).toBe(true);
    expect(client.certificate?.serialNumber.toLowerCase()).toBe(other.serialNumber);
    expect(client.rotate({ certificate: { cert, key: privateKey } })).toBe(false);
    while (openConnections() > 1) await aTurn(); // the idle one
    isSlow = false;
    await reverseOrder(client, ORDER);
    kept[0]?.end(reversedReply());
    await slow;
    while (openConnections() > 1) await aTurn(); // the one of before has ended with its call
    await reverseOrder(client, ORDER);
    const [before, after] = [merchant.serialNumber, other.serialNumber];
    expect(shown).toEqual([before, before, before, after, after]);
  });

  it('ends with the client, whatever still drains', async () => {
    const { baseUrl, openConnections, requests } = await serve(() => undefined);
    const client = connect(baseUrl);
    const abort = new AbortController();
    const call = failure(reverseOrder(client, ORDER, { signal: abort.signal }));
    while (requests.length === 0) await aTurn();
    client.rotate({ certificate: { pfx: other.pfx } });
    const closed = client.close();
    abort.abort();
    await closed;
    expect(await call).toMatchObject({ outcome: 'unknown' });
    while (openConnections() > 0) await aTurn();
    expect(client.rotate({ certificate: { pfx: merchant.pfx } })).toBe(true); // harmless
  });
});

describe('at the gateway', async () => {
  let now = Date.now();
  const { sandbox, client } = await startGateway(() => ({ now: () => now, maxConnections: 8 }));
  const { merchantId } = sandbox.merchant;

  it('changes key and certificate under load without one failed call, then refuses the old ones', async () => {
    let isOver = false;
    let calls = 0;
    const till = async (): Promise<void> => {
      while (!isOver) {
        const { outTradeNo } = sandbox.orders.create({ state: 'paid' });
        await queryOrder(client, { outTradeNo });
        await reverseOrder(client, { outTradeNo });
        calls += 2;
      }
    };
    const tills = Array.from({ length: 6 }, till);
    let { apiKey } = sandbox.merchant;
    const enough = async (): Promise<void> => {
      const until = calls + 24;
      while (calls < until) await aTurn();
    };
    const until = new Date(now + 60_000);
    for (const signsWith of ['by-turns', 'previous', 'new'] as const) {
      await enough();
      const before = apiKey;
      const { certificate, ...rotated } = await sandbox.merchants.rotate(merchantId, { signsWith });
      apiKey = rotated.apiKey;
      client.rotate({ apiKey, previousApiKey: { apiKey: before, until }, certificate });
    }
    await enough();
    isOver = true;
    await Promise.all(tills); // not one has failed
    expect(sandbox.requests.filter(({ answer }) => answer !== 'SUCCESS')).toEqual([]);

    // What is left is the newest; and from its date on, the one before is no more believed.
    sandbox.merchants.retire(merchantId);
    const old = sandbox.merchant;
    const { outTradeNo } = sandbox.orders.create({ state: 'paid' });
    await reverseOrder(client, { outTradeNo });
    const left = new WechatPayClient({ ...old });
    expect(await failure(queryOrder(left, { outTradeNo }))).toMatchObject({ outcome: 'unknown' });
    left.rotate({ apiKey });
    expect(await failure(reverseOrder(left, { outTradeNo }))).toMatchObject({
      code: 'WECHATPAY_HTTP_STATUS',
      status: 400,
    });
    await left.close();
  });

  it('believes the key before until its date, whoever else still signs with it', async () => {
    const { apiKey: before } = sandbox.merchants.get(merchantId) ?? sandbox.merchant;
    const { apiKey } = await sandbox.merchants.rotate(merchantId, { signsWith: 'previous' });
    client.rotate({ apiKey, previousApiKey: { apiKey: before, until: new Date(now + 1000) } });
    const { outTradeNo } = sandbox.orders.create({ state: 'paid' });
    await queryOrder(client, { outTradeNo });
    now += 1000;
    const error = await failure(queryOrder(client, { outTradeNo }));
    expect(error).toMatchObject({ code: 'WECHATPAY_SIGNATURE_MISMATCH', outcome: 'unknown' });
    expect(error.message).toMatch(/which was accepted until/);
  });
});
