import { encodeXml, signFields } from 'wechatpay-core';
import type { Sandbox } from 'wechatpay-sandbox';

/** What has happened before a chapter, and the commands of whoever is on call. */
export interface Chapter {
  readonly title: string;
  readonly text: string;
  /** What WeChat Pay, the network or a colleague did. */
  readonly before?: (sandbox: Sandbox) => void;
  readonly commands: readonly {
    readonly line: string;
    /** Variables that differ from the sound ones. */
    readonly env?: (sandbox: Sandbox) => Record<string, string> | Promise<Record<string, string>>;
    /** What is on the standard input, for a line that begins with `cat … |`. */
    readonly input?: (sandbox: Sandbox) => string;
    readonly code: number;
  }[];
}

const HOUR_MS = 60 * 60 * 1_000;
const DAY_MS = 24 * HOUR_MS;

/** The day of the night, in Beijing, which is tomorrow by this machine's clock: nothing of it happens at midnight. */
const MIDNIGHT = Math.ceil((Date.now() + 8 * HOUR_MS) / DAY_MS) * DAY_MS - 8 * HOUR_MS;

/** @param hours after the day has begun in Beijing */
export function setClock({ clock }: Sandbox, hours: number): void {
  clock.advance(MIDNIGHT + hours * HOUR_MS - clock.now());
}

/** The orders of the night, with numbers that are the same each time. */
export function openTill(sandbox: Sandbox): void {
  const order = { totalFee: 888, currency: 'HKD' } as const;
  sandbox.orders.create({
    ...order,
    outTradeNo: 'T-1001',
    transactionId: '4200000001202611270000000001',
    state: 'paid',
  });
  sandbox.orders.create({
    ...order,
    outTradeNo: 'T-1002',
    transactionId: '4200000001202611270000000002',
    state: 'paid',
  });
}

export const STORY: readonly Chapter[] = [
  {
    title: 'A customer was charged, and the till knows nothing of it',
    text: 'The answer to the payment was lost. Ask WeChat Pay: what it says, signed, counts.',
    commands: [
      { line: 'wechatpay query T-1001', code: 0 },
      { line: 'wechatpay resolve T-1001', code: 0 },
    ],
  },
  {
    title: 'The goods were never handed over: the money goes back',
    text:
      'Look first, then do it. The answer to the reversal is lost as well; the command asks until it knows, and would reverse again ' +
      'where WeChat Pay wants it.',
    before: (sandbox: Sandbox): void => {
      sandbox.faults.add({ kind: 'cut' }, { path: '/secapi/pay/reverse' });
    },
    commands: [
      { line: 'wechatpay reverse T-1001 --dry-run', code: 0 },
      { line: 'wechatpay reverse T-1001 --yes --watch', code: 0 },
    ],
  },
  {
    title: 'A part of an order is refunded',
    text: 'The number of the refund is made of order and amount: whoever repeats the command asks for the same refund.',
    commands: [
      { line: 'wechatpay refund T-1002 --amount 3.00 --yes', code: 0 },
      { line: 'wechatpay refund T-1002 --amount 9.00 --yes', code: 1 },
      { line: 'wechatpay query-refund T-1002', code: 0 },
    ],
  },
  {
    title: 'A durable order is dead',
    text:
      'It was paid with another amount than it should cost, so that nobody but a person may decide. `explain` says what is proven; then ' +
      'the money is to go back.',
    commands: [
      { line: 'wechatpay orders list --status dead', code: 0 },
      { line: 'wechatpay orders explain T-1003', code: 0 },
      { line: 'wechatpay orders redrive T-1003 --if-paid reverse --accept-amount --yes', code: 0 },
    ],
  },
  {
    title: 'The accounts ask for the day, a night later',
    text: 'A statement is made from 9:00 of the next day on. Code 5 says that it is not there yet, which is something else than an empty day.',
    before: (sandbox: Sandbox): void => {
      setClock(sandbox, 26);
    },
    commands: [{ line: 'wechatpay statement yesterday', code: 5 }],
  },
  {
    title: 'At half past ten',
    text: 'Each movement of money has a row: the payment that was reversed, its reversal, the payment that is kept, and the part of it that went back.',
    before: (sandbox: Sandbox): void => {
      setClock(sandbox, 34.5);
    },
    commands: [{ line: 'wechatpay statement yesterday', code: 0 }],
  },
  {
    title: 'The statement has what the store does not know',
    text: 'Orders of a till that stores none. A person looks at each, and notes it: then the alarm is silent, and the day counts as looked at.',
    commands: [
      { line: 'wechatpay reconcile yesterday', code: 4 },
      { line: 'wechatpay acknowledge yesterday T-1002 --note old-till --yes', code: 0 },
    ],
  },
  {
    title: 'Every call fails since the key was reset',
    text: 'The doctor goes from what is near to what is far, and stops guessing where the gateway has said it.',
    commands: [
      { line: 'wechatpay doctor', env: () => ({ WECHATPAY_API_KEY: 'f'.repeat(16) + '0'.repeat(16) }), code: 1 },
    ],
  },
  {
    title: 'Reversals fail, queries do not',
    text: 'The certificate is what only reversals and refunds present.',
    commands: [
      {
        line: 'wechatpay doctor --offline',
        env: async ({ authority, merchant: { merchantId } }: Sandbox): Promise<Record<string, string>> => {
          const yesterday = { notBefore: new Date(0), notAfter: new Date(Date.now() - DAY_MS) };
          const { pfx } = await authority.issueClient({
            commonName: merchantId,
            passphrase: merchantId,
            ...yesterday,
          });
          return { WECHATPAY_PFX: pfx.toString('base64') };
        },
        code: 1,
      },
    ],
  },
  {
    title: 'SIGNERROR, and nobody knows why',
    text: 'Give the doctor the request as it stands in the log.',
    commands: [
      {
        line: 'cat request.xml | wechatpay doctor sign',
        input: ({ merchant }: Sandbox): string => {
          const fields = { appid: merchant.appId, mch_id: merchant.merchantId, total_fee: '888', sign_type: 'MD5' };
          const sign = signFields({ ...fields, total_fee: '8.88' }, merchant.apiKey, 'MD5');
          return encodeXml({ ...fields, sign });
        },
        code: 1,
      },
    ],
  },
];
