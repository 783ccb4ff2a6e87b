import { networkInterfaces } from 'node:os';
import {
  payAndResolve,
  QUICK_PAY,
  type PaymentResult,
  type QuickPayRequest,
  type WechatPayClient,
} from 'wechatpay-core';
import { askHidden, canAsk, confirm } from '../ask/confirm.js';
import { CliError } from '../cli-error.js';
import { EXIT_CODES, type ExitCode } from '../exit-codes.js';
import { amountText } from '../output/money.js';
import { withProgress } from '../output/progress.js';
import type { PayOptions } from '../options.js';
import type { Report, Session } from '../session.js';
import { withClient } from '../settings/connect.js';
import { dryRun } from './close.js';
import { findFirst, planFacts } from './find-order.js';
import { givenAmount } from './given-amount.js';
import { declined, declinedAndReversed, paid, type Declined } from './pay-report.js';
import { reportResolution, runResolution } from './run-resolution.js';
import { runOptions } from './run-options.js';

/**
 * `wechatpay pay`: charges the customer whose code is scanned, once, and brings the order to a proven end: paid, or nothing can be
 * paid any more.
 */
export async function pay(session: Session, outTradeNo: string, options: PayOptions): Promise<Report> {
  const { words } = session;
  if (options.authCode === undefined && options.dryRun !== true && !canAsk(session)) {
    throw new CliError(EXIT_CODES.usage, 'NEEDS_AUTH_CODE', words.pay.needsCode);
  }
  const request = requestOf(session, outTradeNo, options);
  return withClient(session, async (client) => {
    // All that is wrong is told before anybody is asked, also where the code is scanned only then.
    client.check(QUICK_PAY, { ...request, authCode: options.authCode ?? SOME_CODE });
    const found = await findFirst(session, client, { outTradeNo });
    // Under a number that is there, this customer might be taken for one who paid before.
    if (found.order) {
      const message = words.pay.numberUsed(words.tradeStates[found.order.tradeState]);
      throw new CliError(EXIT_CODES.refused, 'NUMBER_USED', message);
    }
    const { labels } = words;
    const facts: [string, string | undefined][] = [
      ...planFacts(session, client, found),
      [labels.amount, amountText(request.totalFee, request.currency)],
      [labels.goods, request.body],
    ];
    if ((await confirm(session, { action: words.pay.plan, facts })) === 'dry-run') return dryRun(session, outTradeNo);
    const authCode = options.authCode ?? (await askHidden(session, words.pay.scan));
    return charge(session, client, { ...request, authCode }, options);
  });
}

const SOME_CODE = '100000000000000000';

function requestOf(
  { words }: Session,
  outTradeNo: string,
  { amount, currency, body, attach, ip = ownAddress() }: PayOptions,
): Omit<QuickPayRequest, 'authCode'> & { readonly currency: string } {
  return {
    outTradeNo,
    totalFee: givenAmount(words, amount, currency),
    currency,
    body,
    spbillCreateIp: ip,
    ...(attach !== undefined && { attach }),
  };
}

/** The terminal is this machine. */
function ownAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((found) => found ?? []);
  return addresses.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1';
}

async function charge(
  session: Session,
  client: WechatPayClient,
  request: QuickPayRequest,
  options: PayOptions,
): Promise<Report> {
  const { words, io } = session;
  const { outTradeNo } = request;
  const created = new Date(client.now());
  const payment = await withProgress(session, words.resolving, () =>
    payAndResolve(client, request, {
      ...runOptions(session, client, options),
      onUnclear: (error) => {
        const isAsked = 'errorCode' in error && error.errorCode === 'USERPAYING';
        io.stderr.write(`${isAsked ? words.pay.userPaying : words.pay.unclear}\n`);
      },
    }),
  );
  if ('result' in payment) return paid(session, payment.result);
  if (!isDeclined(payment)) {
    const report = reportResolution(session, outTradeNo, payment);
    return { ...report, exitCode: EXITS[payment.outcome.kind] };
  }
  const { error, tradeState } = payment.outcome;
  // Ctrl-C before it was sent.
  if (error.code === 'WECHATPAY_ABORTED' && error.outcome === 'not-sent') throw error;
  if (tradeState === undefined || CLOSED.includes(tradeState)) return declined(session, outTradeNo, payment.outcome);
  // Declined, and open all the same: the customer could still pay it.
  io.stderr.write(`${error.message}\n${words.pay.reversing}\n`);
  const undone = await runResolution(
    session,
    client,
    { outTradeNo, order: undefined },
    { ...options, ifPaid: 'reverse', created },
  );
  return declinedAndReversed(session, outTradeNo, error, undone);
}

type Resolved = Exclude<PaymentResult, { readonly outcome: Declined } | { readonly result: unknown }>;

function isDeclined(payment: PaymentResult): payment is Extract<PaymentResult, { readonly outcome: Declined }> {
  return payment.outcome.kind === 'declined';
}

const CLOSED: readonly string[] = ['CLOSED', 'REVOKED'];

/** Of a payment that was to be kept: whatever went back is not paid. */
const EXITS: Readonly<Record<Resolved['outcome']['kind'], ExitCode>> = {
  paid: EXIT_CODES.done,
  reversed: EXIT_CODES.refused,
  closed: EXIT_CODES.refused,
  refunded: EXIT_CODES.refused,
  'refund-required': EXIT_CODES.person,
  'needs-attention': EXIT_CODES.person,
  unresolved: EXIT_CODES.unknown,
};
