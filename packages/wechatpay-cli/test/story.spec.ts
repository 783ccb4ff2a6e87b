import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { WechatPayClient } from 'wechatpay-core';
import { DurableOrders } from 'wechatpay-durable';
import { MemoryStore } from 'wechatpay-durable/memory';
import { Sandbox } from 'wechatpay-sandbox';
import { cli, variablesOf } from './cli.js';
import { openTill, setClock, STORY, type Chapter } from './story.js';

const PAGE = fileURLToPath(new URL('../../../docs/guides/at-two-in-the-morning.md', import.meta.url));
const store = new MemoryStore();
let sandbox: Sandbox;

const now = (): number => sandbox.clock.now();
const wait = (until: number): Promise<void> => {
  sandbox.clock.advance(Math.max(0, until - now()));
  return Promise.resolve();
};

beforeAll(async () => {
  sandbox = await Sandbox.start({ merchant: { merchantId: '1900000109', appId: 'wx2421b1c4370ec43b' } });
  const createdAt = Date.now() - 60_000;
  sandbox.orders.create({
    outTradeNo: 'T-1003',
    transactionId: '4200000001202611270000000003',
    state: 'paid',
    totalFee: 100,
  });
  const client = new WechatPayClient({ ...sandbox.merchant });
  const worker = new DurableOrders({ store: store.share(), clients: client });
  await worker.start();
  const order = { outTradeNo: 'T-1003', orderCreatedAt: new Date(createdAt), totalFee: 888, currency: 'HKD' };
  await worker.enqueue({ ...order, policy: { queryEveryMs: 50 } });
  await worker.wait({ outTradeNo: 'T-1003' }, { signal: AbortSignal.timeout(20_000) });
  await worker.stop();
  await client.close();
  setClock(sandbox, 2);
  openTill(sandbox);
});
afterAll(() => sandbox.stop());

it('the night on call is played as the page tells it', async () => {
  const chapters: string[] = [];
  for (const chapter of STORY) chapters.push(await played(chapter));
  await expect([INTRODUCTION, ...chapters].join('\n')).toMatchFileSnapshot(PAGE);
});

async function played({ title, text, before, commands }: Chapter): Promise<string> {
  before?.(sandbox);
  const shown: string[] = [];
  for (const { line, env, input, code } of commands) {
    const argv = line.replace(/^.*wechatpay /, '').split(' ');
    const ran = await cli(
      argv,
      { ...variablesOf(sandbox.merchant), ...(await env?.(sandbox)) },
      {
        // The clock that the commands before have waited on is ahead of the server's.
        now: line.includes('doctor') ? Date.now : now,
        wait,
        // The till's own orders are in none.
        ...(OF_A_STORE.test(line) && { store: store.share() }),
        versions: { ...process.versions, node: '22.12.0', openssl: '3.0.15' },
        ...(input && { input: input(sandbox) }),
      },
    );
    expect([line, ran.code]).toEqual([line, code]);
    const output = `${ran.stderr}${ran.stdout}`.trimEnd();
    shown.push(`$ ${line}\n${output}${code === 0 ? '' : `\n$ echo $?\n${code}`}`);
  }
  return `## ${title}\n\n${text}\n\n\`\`\`console\n${steady(shown.join('\n'))}\n\`\`\`\n`;
}

const OF_A_STORE = /^wechatpay (?:orders|reconcile|acknowledge) /;

/** Without what is another one at each run. */
function steady(text: string): string {
  return text
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, '2026-11-27T02:10:00.000Z')
    .replaceAll(/\b20\d{6}\b/g, '20261127')
    .replaceAll(/(localhost|127\.0\.0\.1|\[::1\]):\d+/g, '$1:8443')
    .replaceAll(/selftest[0-9a-f]{24}/g, 'selftest26ffac1cd38e4825b5d3b546')
    .replaceAll(/UND_ERR_SOCKET|ECONNRESET/g, 'ECONNRESET')
    .replaceAll(/serial number [0-9A-F]+/g, 'serial number 01A2B3C4')
    .replaceAll(/sandbox root [0-9a-f]{8}/g, 'sandbox root')
    .replaceAll(/\b\d{28}\b/g, (number) => (number.startsWith('4200000001') ? number : '5000000001202611270000000001'))
    .replaceAll(/for cli:\S+/g, 'for cli:operator')
    .replaceAll(/localhost:8443: [0-9a-f:., ]+$/gm, 'localhost:8443: 127.0.0.1');
}

const INTRODUCTION = `# At two in the morning

Played from a shell, against the [sandbox](testing-with-the-sandbox.md), by a test that writes this page: the [command line](command-line.md) and
the [doctor](doctor.md) are all that it takes. At the real gateway the plan says \`LIVE: real money\` in the place of what stands here.
`;
