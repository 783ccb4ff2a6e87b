import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ServerResponse } from 'node:http';
import { constants, gunzipSync, gzipSync } from 'node:zlib';
import { setTimeout } from 'node:timers/promises';
import { inspect } from 'node:util';
import { CertificateAuthority, statementEditions, type StatementFault } from 'wechatpay-sandbox';
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest';
import { failure } from '../../test/failure.js';
import { startGateway } from '../../test/start-gateway.js';
import { ST1 } from '../../test/statement/editions.js';
import { startTlsServer } from '../../test/tls-server.js';
import {
  CALL_CHANNEL,
  downloadStatement,
  queryOrder,
  quickPay,
  refundOrder,
  WechatPayClient,
  type CallEvent,
  type DownloadStatementOptions,
  type DownloadStatementRequest,
  type StatementRow,
  type StatementSummary,
  type WechatPayConfig,
  type WechatPayStatementError,
} from '../index.js';

const HOUR_MS = 60 * 60 * 1_000;
/** Tomorrow in Beijing, by the machine's clock: certificates are made by it, and a client refuses one of a later time than its own. */
const DASHED = new Date(Date.now() + 32 * HOUR_MS).toISOString().slice(0, 10);
const DAY = DASHED.replaceAll('-', '');
const at = (time: string, days = 0): Date => new Date(Date.parse(`${DASHED}T${time}+08:00`) + days * 24 * HOUR_MS);
const NOON = at('12:00:00').getTime();
const NEXT_DAY_AT_10 = at('10:00:00', 1).getTime();

const { sandbox, client, connect } = await startGateway((gateway) => ({ now: () => gateway.clock.now() }));

function setClock(time: number): void {
  sandbox.clock.advance(time - sandbox.clock.now());
}

beforeEach(() => {
  sandbox.reset();
  setClock(NEXT_DAY_AT_10 + HOUR_MS);
});

async function download(
  request: Partial<DownloadStatementRequest> = {},
  options: DownloadStatementOptions = {},
  by: WechatPayClient = client,
): Promise<{ rows: StatementRow[]; summary: StatementSummary | undefined }> {
  const statement = await downloadStatement(by, { date: DAY, ...request }, options);
  const rows: StatementRow[] = [];
  for await (const row of statement) rows.push(row);
  return { rows, summary: statement.summary };
}

const reject = (
  request: Partial<DownloadStatementRequest> = {},
  options: DownloadStatementOptions = {},
): Promise<WechatPayStatementError> => failure(download(request, options), sandbox.merchant);

const pay = (outTradeNo: string, createdAt: Date, totalFee = 888, currency = 'HKD'): void => {
  sandbox.orders.create({ state: 'paid', outTradeNo, createdAt, totalFee, currency });
};

describe('a day', () => {
  test.each(statementEditions.flatMap((edition) => [true, false].map((gzip) => [edition, gzip] as const)))(
    'comes in the edition %s, gzip %s',
    async (edition, gzip) => {
      sandbox.statements.style.edition = edition;
      setClock(NOON);
      await quickPay(client, {
        outTradeNo: '0012',
        totalFee: 888,
        currency: 'HKD',
        body: 'Tea, "hot", 2 cups',
        attach: 'a,b',
        authCode: sandbox.customers.create({ behaviour: 'pays-at-once' }).authCode,
        spbillCreateIp: '203.0.113.7',
      });
      await refundOrder(client, { outTradeNo: '0012', outRefundNo: 'R-0001', totalFee: 888, refundFee: 300 });
      pay('yen', at('13:00:00'), 888, 'JPY');
      sandbox.orders.reverse(
        sandbox.orders.create({ state: 'paid', outTradeNo: 'gone', createdAt: NOON, totalFee: 100 }),
      );
      setClock(NEXT_DAY_AT_10);

      const { rows, summary } = await download({ gzip });
      expect(
        rows.map(({ outTradeNo, tradeState, totalFee, refundFee, currency, body, attach, outRefundNo }) => ({
          outTradeNo,
          tradeState,
          totalFee,
          refundFee,
          currency,
          body,
          attach,
          outRefundNo,
        })),
      ).toEqual(
        expect.arrayContaining([
          expect.objectContaining({
            outTradeNo: '0012',
            tradeState: 'SUCCESS',
            totalFee: 888,
            currency: 'HKD',
            body: 'Tea, "hot", 2 cups',
            attach: 'a,b',
            outRefundNo: undefined,
          }),
          expect.objectContaining({ outTradeNo: '0012', tradeState: 'REFUND', refundFee: 300, outRefundNo: 'R-0001' }),
          expect.objectContaining({ outTradeNo: 'yen', tradeState: 'SUCCESS', totalFee: 888, currency: 'JPY' }),
          expect.objectContaining({ outTradeNo: 'gone', tradeState: 'REVOKED', refundFee: 100 }),
        ]),
      );
      expect(summary?.count).toBe(rows.length);
    },
  );

  it('is that of Beijing, from midnight to midnight', async () => {
    pay('before', at('23:59:59', -1));
    pay('first', at('00:00:00'));
    pay('last', at('23:59:59'));
    pay('after', at('00:00:00', 1));
    for (const date of [DAY, DASHED, at('00:00:00'), at('23:59:59')]) {
      expect((await download({ date })).rows.map(({ outTradeNo }) => outTradeNo)).toEqual(['first', 'last']);
    }
    expect(sandbox.requests.every(({ fields }) => fields.bill_date === DAY)).toBe(true);
  });

  test.each(['SUCCESS', 'REFUND', 'REVOKED'] as const)('can be asked for by type: %s', async (type) => {
    const order = sandbox.orders.create({ state: 'paid', outTradeNo: 'gone', createdAt: NOON });
    sandbox.orders.create({ state: 'refunded', outTradeNo: 'back', createdAt: NOON });
    setClock(NOON + HOUR_MS);
    sandbox.orders.reverse(order);
    setClock(NEXT_DAY_AT_10);
    const { rows } = await download({ type });
    expect(new Set(rows.map(({ tradeState }) => tradeState))).toEqual(new Set([type]));
    expect(rows).not.toHaveLength(0);
  });

  it('is told on the channel of calls, at its end', async () => {
    const events: CallEvent[] = [];
    const listen = (event: unknown): number => events.push(event as CallEvent);
    subscribe(CALL_CHANNEL, listen);
    pay('0012', at('12:00:00'));
    await download();
    sandbox.statements.addFault({ kind: 'summary-wrong' });
    await reject();
    await reject({ date: at('00:00:00', -1) });
    await (await downloadStatement(client, { date: DAY })).close();
    for await (const { outTradeNo } of await downloadStatement(client, { date: DAY })) if (outTradeNo === '0012') break;
    unsubscribe(CALL_CHANNEL, listen);
    expect(events).toMatchObject([
      { operation: 'Download Statement', path: '/pay/downloadbill', outcome: 'succeeded' },
      { operation: 'Download Statement', outcome: 'unknown', code: 'WECHATPAY_STATEMENT' },
      { operation: 'Download Statement', outcome: 'unknown', code: 'WECHATPAY_STATEMENT' },
      { operation: 'Download Statement', outcome: 'unknown' },
      { operation: 'Download Statement', outcome: 'unknown' },
    ]);
    expect(events.slice(3).some((event) => 'code' in event)).toBe(false);
  });
});

describe('three things that are not the same', () => {
  it('an empty day that says so', async () => {
    sandbox.statements.style.emptyDay = 'zeros';
    expect(await download()).toMatchObject({ rows: [], summary: { count: 0 } });
  });

  it('no statement', async () => {
    expect(await reject()).toMatchObject({ reason: 'no-statement', errorCode: '20002', advice: 'query-order' });
  });

  test.each([
    [8, 'nothing was made yet'],
    [9.5, 'it is being made'],
  ])('not there yet: %d hours after midnight', async (hours) => {
    pay('0012', at('12:00:00'));
    setClock(NEXT_DAY_AT_10 + (hours - 10) * HOUR_MS);
    const error = await reject();
    expect(error).toMatchObject({ reason: 'not-ready', advice: 'retry-later' });
    expect(error.message).toMatch(new RegExp(`^Download Statement of ${DAY}: .*10:00 in Beijing`));
    setClock(NEXT_DAY_AT_10);
    expect((await download()).rows).toHaveLength(1);
  });

  test.each([
    [
      { kind: 'status', status: 502 },
      { code: 'WECHATPAY_HTTP_STATUS', status: 502 },
    ],
    [{ kind: 'redirect' }, { code: 'WECHATPAY_HTTP_STATUS', status: 302 }],
    [{ kind: 'cut' }, { code: 'WECHATPAY_CONNECTION' }],
    [{ kind: 'cut', at: 'body' }, { code: 'WECHATPAY_CONNECTION' }],
    [{ kind: 'empty-body' }, { code: 'WECHATPAY_STATEMENT', reason: 'truncated' }],
    [
      { kind: 'return-fail', returnMessage: 'SYSTEMERROR' },
      { reason: 'refused', advice: 'retry-later' },
    ],
    [{ kind: 'retmsg' }, { reason: 'refused' }],
  ] as const)('a failure: %j', async (fault, expected) => {
    pay('0012', at('12:00:00'));
    sandbox.faults.add(fault);
    expect(await reject({ gzip: false })).toMatchObject({ outcome: 'unknown', ...expected });
  });
});

describe('a statement that is wrong', () => {
  const cases: readonly (readonly [StatementFault, string])[] = [
    [{ kind: 'row-missing' }, 'mismatch'],
    [{ kind: 'row-doubled' }, 'mismatch'],
    [{ kind: 'row-altered' }, 'mismatch'],
    [{ kind: 'row-altered', value: '¥8.88' }, 'malformed'],
    [{ kind: 'truncated' }, 'truncated'],
    [{ kind: 'gzip-cut' }, 'truncated'],
    [{ kind: 'summary-wrong' }, 'mismatch'],
    [{ kind: 'summary-wrong', column: 4 }, 'mismatch'],
  ];
  test.each(cases)('%j is refused', async (fault, reason) => {
    pay('0012', at('12:00:00'));
    pay('0013', at('12:00:00'), 125);
    sandbox.statements.addFault(fault);
    expect((await reject()).reason).toBe(reason);
  });

  it('but not where its columns have moved', async () => {
    pay('0012', at('12:00:00'));
    const before = await download();
    sandbox.statements.addFault({ kind: 'columns-moved' });
    expect((await download()).rows).toEqual(before.rows);
  });

  it('nor where it comes slowly', async () => {
    pay('0012', at('12:00:00'));
    sandbox.statements.addFault({ kind: 'slow', pieces: 20, pauseMs: 1 });
    expect((await download()).rows).toHaveLength(1);
  });
});

describe('arguments', () => {
  test.each([
    [{ date: '20260231' }, 'date'],
    [{ date: '2026/03/01' }, 'date'],
    [{ date: 20260301 as unknown as string }, 'date'],
    [{ date: new Date(NaN) }, 'date'],
    [{ date: undefined as unknown as string }, 'date'],
    [{ type: 'all' as 'ALL' }, 'type'],
    [{ gzip: 'GZIP' as unknown as boolean }, 'gzip'],
    [{ subMerchantId: 'x'.repeat(33) }, 'subMerchantId'],
    [{ subMerchantId: null, subAppId: 'wx2421b1c4370ec43b' }, 'subAppId'],
    [{ day: DAY }, 'day'],
  ])('%j are refused', async (request: object, field) => {
    expect(await reject(request)).toMatchObject({ code: 'WECHATPAY_INVALID_REQUEST', field, outcome: 'not-sent' });
    expect(sandbox.requests).toHaveLength(0);
  });

  test.each([
    [{ idleTimeoutMs: 0 }, 'idleTimeoutMs'],
    [{ idleTimeoutMs: 1e9 }, 'idleTimeoutMs'],
    [{ maxBytes: 0 }, 'maxBytes'],
    [{ onReceive: 'x' as unknown as () => void }, 'onReceive'],
    [{ signal: {} as AbortSignal }, 'signal'],
    [{ timeoutMs: 1 }, 'timeoutMs'],
  ])('options %j are refused', async (options: object, field) => {
    expect(await reject({}, options)).toMatchObject({ field, outcome: 'not-sent' });
  });

  test.each([at('00:00:00', 1), at('00:00:00', 300), new Date(NEXT_DAY_AT_10)])('%s is not over', async (date) => {
    expect(await reject({ date })).toMatchObject({ field: 'date', advice: 'retry-later', outcome: 'not-sent' });
  });
});

describe('an institution', () => {
  it('gets the rows of all sub-merchants, or of one', async () => {
    const institution = await sandbox.merchants.create({
      subMerchants: [{ subMerchantId: '1900000501' }, { subMerchantId: '1900000502' }],
    });
    for (const subMerchantId of ['1900000501', '1900000502']) {
      sandbox.orders.create({ state: 'paid', createdAt: NOON, merchant: institution, subMerchantId });
    }
    const by = new WechatPayClient({ ...institution, subMerchantId: '1900000501', now: () => sandbox.clock.now() });
    const subMerchants = async (request: Partial<DownloadStatementRequest>): Promise<unknown> =>
      (await download(request, {}, by)).rows.map(({ subMerchantId }) => subMerchantId);
    expect(await subMerchants({ subMerchantId: null })).toEqual(['1900000501', '1900000502']);
    expect(await subMerchants({ subMerchantId: '1900000502' })).toEqual(['1900000502']);
    expect(await subMerchants({})).toEqual(['1900000501']);
    await by.close();
  });
});

describe('on the way', () => {
  it('shows the bytes as they came, with their number', async () => {
    pay('0012', at('12:00:00'));
    const chunks: Uint8Array[] = [];
    let total = 0;
    await download({}, { onReceive: (chunk, received) => void (chunks.push(chunk), (total = received)) });
    const kept = Buffer.concat(chunks);
    expect(kept).toHaveLength(total);
    expect(gunzipSync(kept).toString()).toContain('0012');
  });

  it('ends with what onReceive throws', async () => {
    pay('0012', at('12:00:00'));
    const reason = new TypeError('disk is full');
    await expect(download({}, { onReceive: () => Promise.reject(reason) })).rejects.toBe(reason);
  });

  it('is ended by the caller, before and while it comes', async () => {
    pay('0012', at('12:00:00'));
    expect(await reject({}, { signal: AbortSignal.abort() })).toMatchObject({ outcome: 'not-sent' });
    sandbox.faults.add({ kind: 'hang', at: 'body' });
    const controller = new AbortController();
    const error = await reject(
      { gzip: false },
      {
        signal: controller.signal,
        onReceive: () => {
          controller.abort();
        },
      },
    );
    expect(error).toMatchObject({ code: 'WECHATPAY_ABORTED', outcome: 'unknown' });
  });

  it('shows no certificate, and takes no place of a call', async () => {
    const narrow = connect({ maxConnections: 1 });
    pay('0012', at('12:00:00'));
    sandbox.faults.add({ kind: 'hang', at: 'body' }, { path: '/pay/downloadbill' });
    const controller = new AbortController();
    const hanging = failure(download({ gzip: false }, { signal: controller.signal }, narrow));
    expect((await queryOrder(narrow, { outTradeNo: '0012' })).tradeState).toBe('SUCCESS');
    expect(narrow.load()).toMatchObject({ inFlight: 0 });
    controller.abort();
    await hanging;
    const request = sandbox.requests.find(({ path }) => path === '/pay/downloadbill');
    expect(request?.clientCertificate).toBeUndefined();
    await narrow.close();
  });

  it('is ended by closing the client', async () => {
    const closing = connect();
    pay('0012', at('12:00:00'));
    sandbox.faults.add({ kind: 'hang', at: 'body' });
    const error = failure(download({ gzip: false }, { onReceive: () => void closing.close() }, closing));
    expect((await error).outcome).toBe('unknown');
    await closing.close();
    expect((await failure(download({}, {}, closing))).outcome).toBe('not-sent');
  });
});

describe('from a server of any kind', () => {
  const authority = new CertificateAuthority();
  const open: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    await Promise.all(open.splice(0).map((each) => each.close()));
  });

  async function from(
    answer: (response: ServerResponse, body: string) => void,
    changes: Partial<WechatPayConfig> = {},
  ): Promise<WechatPayClient> {
    const server = await startTlsServer(await authority.issueServer(), (_, response) => {
      answer(response, server.requests.at(-1) ?? '');
    });
    const by = connect({ baseUrl: server.baseUrl, ca: authority.pem, ...changes });
    open.push(by, server);
    return by;
  }

  const text = ST1.join('\n');

  it('that gives no length, and ends', async () => {
    const by = await from((response) => response.end(text));
    expect((await download({}, {}, by)).rows).toHaveLength(2);
  });

  it('that is silent: ended by idleTimeoutMs, and told as a time-out', async () => {
    const by = await from((response) => response.write(text.slice(0, 400)));
    const error = await failure(download({}, { idleTimeoutMs: 1_000 }, by));
    expect(error).toMatchObject({ code: 'WECHATPAY_TIMEOUT', outcome: 'unknown' });
    expect(error.message).toContain('1000 ms');
  });

  it('that answers with an endless page of another status: its connection is freed', async () => {
    let freed = (): void => undefined;
    const isFreed = new Promise<void>((resolve) => (freed = resolve));
    const by = await from((response) => {
      response.once('close', freed);
      response.writeHead(503).write('busy');
    });
    expect(await failure(download({}, {}, by))).toMatchObject({ code: 'WECHATPAY_HTTP_STATUS', status: 503 });
    await isFreed;
  });

  it.each([true, false])('that is silent in the middle: who leaves does not wait for it, gzip %s', async (gzip) => {
    let freed = (): void => undefined;
    const isFreed = new Promise<void>((resolve) => (freed = resolve));
    const by = await from((response) => {
      response.once('close', freed);
      const begin = ST1.slice(0, 2)
        .map((line) => `${line}\n`)
        .join('');
      response.write(gzip ? gzipSync(begin, { finishFlush: constants.Z_SYNC_FLUSH }) : begin);
    });
    const statement = await downloadStatement(by, { date: DAY }, { idleTimeoutMs: 3_600_000 });
    for await (const row of statement) if (row.outTradeNo === '0012') break;
    await isFreed;
    expect(statement.summary).toBeUndefined();
  });

  it('that repeats the request: nothing of its signature is kept', async () => {
    let body = '';
    const by = await from((response, request) => {
      body = request;
      response.end(body);
    });
    const error = await failure<WechatPayStatementError>(download({}, {}, by));
    expect(error).toMatchObject({ reason: 'refused' });
    expect(error.received).toContain(DAY);
    const [, sign = ''] = /<sign>(\w+)</.exec(body) ?? [];
    expect(sign).not.toBe('');
    expect(inspect(error, { depth: null }).toUpperCase()).not.toContain(sign);
    expect(inspect(error)).not.toMatch(/<(?:sign|nonce_str)>/);
  });

  it('that sends more than maxBytes, packed or not', async () => {
    const plain = await from((response) => response.end(text));
    expect(await failure(download({}, { maxBytes: 500 }, plain))).toMatchObject({ reason: 'malformed' });
    const bomb = await from((response) =>
      response.end(gzipSync(Buffer.concat([Buffer.from(text), Buffer.alloc(1e6, '\n')]))),
    );
    expect(await failure(download({}, { maxBytes: 10_000 }, bomb))).toMatchObject({ reason: 'malformed' });
  });

  it('that sends gzip of nothing, without end', async () => {
    const empty = Buffer.concat([gzipSync('').subarray(0, 10), Buffer.from('000000ffff'.repeat(20_000), 'hex')]);
    const by = await from((response) => response.end(empty));
    const error = await failure(download({}, { maxBytes: 10_000 }, by));
    expect(error).toMatchObject({ reason: 'malformed' });
    expect(error.message).toContain('maxBytes');
  });

  it('that is not trusted: nothing is sent', async () => {
    const by = await from((response) => response.end(text), { ca: sandbox.ca });
    expect(await failure(download({}, {}, by))).toMatchObject({ code: 'WECHATPAY_CONNECTION', outcome: 'not-sent' });
  });

  it('that is the second of two hosts, where the first is down', async () => {
    const server = await startTlsServer(await authority.issueServer(), (_, response) => response.end(text));
    const by = connect({ baseUrl: ['https://localhost:1', server.baseUrl], ca: authority.pem });
    open.push(by, server);
    expect((await download({}, {}, by)).rows).toHaveLength(2);
  });

  it('waits for a reader that is slow, and does not call that idle', async () => {
    const row = `${ST1[1]!}\n`;
    const rows = 20_000;
    const sums = `\`${rows},\`${(8.88 * rows).toFixed(2)},\`0,\`0,\`${(0.05328 * rows).toFixed(5)},\`${(8.88 * rows).toFixed(2)},\`0`;
    const by = await from((response) =>
      response.end([`${ST1[0]!}\n`, row.repeat(rows), `${ST1[3]!}\n`, sums].join('')),
    );
    let received = 0;
    const options = {
      idleTimeoutMs: 1_000,
      onReceive: (_: Uint8Array, bytes: number) => {
        received = bytes;
      },
    };
    const statement = await downloadStatement(by, { date: DAY }, options);
    await setTimeout(1_500);
    expect(received).toBeLessThan(row.length * rows); // no more than what is read ahead
    let count = 0;
    for await (const { totalFee } of statement) count += totalFee === 888 ? 1 : 0;
    expect(count).toBe(rows);
  });

  it('is read ahead by no more than 256 KiB of what a fast server sends', async () => {
    const rows = `${ST1[1]!}\n`.repeat(200);
    let sent = 0;
    const by = await from((response) => {
      const pour = (): void => {
        do sent += rows.length;
        while (response.write(rows));
      };
      response.on('drain', pour).write(`${ST1[0]!}\n`);
      pour();
    });
    const statement = await downloadStatement(by, { date: DAY });
    // It goes on for ever, unless the reader holds it up: then the buffers of both sockets fill, and no more.
    let before: number;
    do {
      before = sent;
      expect(before).toBeLessThan(64 * 1024 ** 2);
      await setTimeout(300);
    } while (before < sent);
    await statement.close();
  });

  it('behind a transport of the caller, which gives it whole', async () => {
    const by = new WechatPayClient({
      appId: 'wx2421b1c4370ec43b',
      merchantId: '1900000109',
      apiKey: '192006250b4c09247ec02edce69f6a2d',
      transport: () => Promise.resolve({ status: 200, body: gzipSync(text) }),
      now: () => sandbox.clock.now(),
    });
    expect((await download({}, {}, by)).rows).toHaveLength(2);
    await by.close();
  });
});
