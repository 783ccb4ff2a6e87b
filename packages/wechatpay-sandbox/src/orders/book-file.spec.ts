import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { directly } from '../../test/direct.js';
import { CertificateAuthority, Sandbox, wellKnownAuthCodes, type SandboxOptions } from '../index.js';

let folder: string;
let authority: CertificateAuthority;
let files = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wechatpay-sandbox-'));
  authority = await CertificateAuthority.create();
});
afterAll(() => rm(folder, { recursive: true }));

const newFile = (): string => join(folder, `${(files += 1)}.json`);
const start = (file: string, options: SandboxOptions = {}): Promise<Sandbox> =>
  Sandbox.create({ file, authority, ...options });

/** All that anybody can see of the orders and the money. */
function seen(sandbox: Sandbox): unknown {
  const { appId, merchantId, apiKey } = sandbox.merchant;
  const orders = sandbox.orders.list().map((order) => ({ ...order }));
  return { merchant: { appId, merchantId, apiKey }, orders, movements: sandbox.ledger.list() };
}

const NUMBERS = ['A', 'B', 'C'];
const SECONDS = [1, 4, 6, 20, 46];
const anyDeed = fc.oneof(
  fc.record({
    kind: fc.constant('pay' as const),
    order: fc.constantFrom(...NUMBERS),
    authCode: fc.constantFrom(...Object.values(wellKnownAuthCodes)),
  }),
  fc.record({
    kind: fc.constantFrom('query' as const, 'reverse' as const, 'refund' as const),
    order: fc.constantFrom(...NUMBERS),
  }),
  fc.record({ kind: fc.constant('wait' as const), seconds: fc.constantFrom(...SECONDS) }),
);
type Deed = typeof anyDeed extends fc.Arbitrary<infer Value> ? Value : never;

function act(sandbox: Sandbox, deed: Deed): void {
  switch (deed.kind) {
    case 'pay':
      directly(sandbox, '/pay/micropay', {
        body: 'tea',
        out_trade_no: deed.order,
        total_fee: '100',
        fee_type: 'HKD',
        spbill_create_ip: '203.0.113.7',
        auth_code: deed.authCode,
      });
      break;
    case 'query':
      directly(sandbox, '/pay/orderquery', { out_trade_no: deed.order });
      break;
    case 'reverse':
      directly(sandbox, '/secapi/pay/reverse', { out_trade_no: deed.order });
      break;
    case 'refund':
      directly(sandbox, '/secapi/pay/refund', {
        out_trade_no: deed.order,
        out_refund_no: `R-${String(sandbox.ledger.list().length)}`,
        total_fee: '100',
        refund_fee: '30',
      });
      break;
    case 'wait':
      sandbox.clock.advance(deed.seconds * 1000);
  }
}

it('a sandbox that is started with the file goes on where the one before was, whatever had happened, and whenever it ended', async () => {
  const file = newFile();
  const now = (): number => 1_700_000_000_000;
  const first = await start(file, { now });
  await fc.assert(
    fc.asyncProperty(fc.array(anyDeed, { maxLength: 12 }), fc.constantFrom(...SECONDS), async (deeds, seconds) => {
      first.reset();
      for (const deed of deeds) act(first, deed);

      const second = await start(file, { now }); // the first one was not stopped: as if it had been killed
      const moved = first.clock.now() - second.clock.now(); // what was written is as old as the last change
      expect(moved).toBeGreaterThanOrEqual(0);
      second.clock.advance(moved);
      expect(seen(second)).toEqual(seen(first));
      for (const sandbox of [first, second]) sandbox.clock.advance(seconds * 1000);
      expect(seen(second)).toEqual(seen(first)); // what customers were about to do, they do
    }),
    { numRuns: 8 },
  );
});

it('is one whole file, which nobody else can read', async () => {
  const file = newFile();
  const sandbox = await start(file);
  sandbox.orders.create({ state: 'paid', outTradeNo: 'A' });
  expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ orders: [{ facts: { outTradeNo: 'A' } }] });
  expect((await readdir(folder)).filter((name) => name.endsWith('.next'))).toEqual([]);
  sandbox.reset();
  expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ orders: [], movements: [] });
});

it('says what is wrong at the start: a file that is no book, another merchant, a folder that is not there', async () => {
  const file = newFile();
  for (const text of ['', '{"version":2}', '{"version":1}', 'null']) {
    await writeFile(file, text);
    await expect(start(file)).rejects.toThrow(`${file} is not a book of this version`);
  }
  await rm(file);
  await start(file, { merchant: { merchantId: '1900000109' } });
  await expect(start(file, { merchant: { merchantId: '1900000110' } })).rejects.toThrow(
    'is the book of merchant 1900000109, not of 1900000110',
  );
  await expect(start(join(folder, 'nowhere', 'book.json'))).rejects.toThrow('ENOENT');
});
