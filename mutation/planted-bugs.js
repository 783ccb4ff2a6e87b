// Bugs that were real once, as changes of today's sources. A text that is gone fails loudly: the bug has to be planted anew.
const core = (file) => `packages/wechatpay-core/src/${file}`;
const durable = (file) => `packages/wechatpay-durable/src/${file}`;

const OF_CLOSING = 'packages/wechatpay-core/test/truth/closing-judge.spec.ts';
const OF_STATEMENTS = 'packages/wechatpay-core/test/truth/statement/judge.spec.ts';
const OF_DAYS = 'packages/wechatpay-durable/test/truth/days/judge.spec.ts';

// Both the judge of statements and that of days have to catch these.
const FLOATING_POINT = {
  file: core('statement/cell-readers.ts'),
  find: `        toInteger(decimal.value, decimal.scale, digits) ??
        fail(`,
  replace: `        Math.trunc(Number(value) * 10 ** digits) ??
        fail(`,
};
const COLUMN_BY_PLACE = {
  file: core('statement/header.ts'),
  find: 'else found.set(column, index);',
  replace: "else found.set(column, column === 'totalFee' ? 24 : index);",
};

/** @type {{ name: string, changes: { file: string, find: string, replace: string }[], spec?: string }[]} */
export const BUGS = [
  {
    name: 'what a later step would refuse is refused after the charge',
    changes: [
      {
        file: core('resolution/pay-and-resolve.ts'),
        find: 'const begun = withParty(client, startResolution(order, deadline ?? 0, policy));',
        replace: 'const begun = startResolution({ ...order, totalFee: 1, currency: undefined }, 0);',
      },
      {
        file: core('resolution/pay-and-resolve.ts'),
        find: 'drive(client, RESOLUTION, change({ ...begun, deadline:',
        replace: 'drive(client, RESOLUTION, change({ ...startResolution(order, deadline ?? 0, policy), deadline:',
      },
    ],
  },
  {
    name: 'a callback that throws abandons the order',
    changes: [
      {
        file: core('resolution/pay-and-resolve.ts'),
        find: "if (onUnclear) callbacks.tell('onUnclear', () => onUnclear(error));",
        replace: 'if (onUnclear) await onUnclear(error);',
      },
    ],
  },
  {
    name: 'an informative field that cannot be read makes the reply unreadable',
    changes: [
      {
        file: core('call/reply-reader.ts'),
        find: '} else if (isDeciding(name)) {',
        replace: "} else if (name !== '') {",
      },
    ],
  },
  {
    name: 'who is throttled decides a reversal',
    changes: [
      {
        file: core('resolution/classify.ts'),
        find: "return isUnsent || isThrottled(error) ? 'nobody-asked' : 'unclear';",
        replace: "return isUnsent ? 'nobody-asked' : isThrottled(error) ? 'absent' : 'unclear';",
      },
    ],
  },
  {
    name: 'the first time-out after a restart decides a reversal',
    changes: [
      {
        file: core('resolution/after-query.ts'),
        find: 'const UNCLEAR_ANSWERS = 3;',
        replace: 'const UNCLEAR_ANSWERS = 1;',
      },
      {
        file: core('resolution/after-query.ts'),
        find: 'const UNCLEAR_SPAN_MS = 15_000;',
        replace: 'const UNCLEAR_SPAN_MS = 0;',
      },
    ],
  },
  {
    name: 'what was seen to be paid is reversed for want of answers, once it is set going again',
    changes: [
      {
        file: core('resolution/after-query.ts'),
        find: 'return wasPaid(state) ? askLater(next, now) : giveUp(next, moment);',
        replace: 'return wasPaid(state) && state.doubt ? next : giveUp(next, moment);',
      },
    ],
  },
  {
    name: 'Quick Pay answers with another amount: paid',
    changes: [
      {
        file: core('operations/quick-pay.ts'),
        find: 'if (totalFee !== sent.total_fee || isAnother) {',
        replace: 'if (isAnother === 0) {',
      },
    ],
  },
  {
    name: 'a query without total_fee: paid',
    changes: [
      {
        file: core('resolution/amounts.ts'),
        find: 'if (totalFee !== undefined && payment.totalFee !== totalFee) return true;',
        replace:
          'if (totalFee !== undefined && payment.totalFee !== undefined && payment.totalFee !== totalFee) return true;',
      },
    ],
  },
  {
    name: 'a resumed order keeps its spent deadline',
    changes: [
      {
        file: core('resolution/resolve-order.ts'),
        find: 'deadline ?? defaultDeadline({ ...state, policy: { ...state.policy, ...policy } }, now),',
        replace: 'deadline ?? state.deadline,',
      },
    ],
  },
  {
    name: 'an empty refund pool ends an order',
    changes: [
      {
        file: core('resolution/classify.ts'),
        find: "if (error.advice === 'retry-later') return 'again';",
        replace: "if (error.advice === 'retry-later' && error.errorCode !== 'NOTENOUGH') return 'again';",
      },
    ],
  },
  {
    name: 'refunded in part is refunded',
    changes: [
      {
        file: core('resolution/after-query.ts'),
        find: 'return checkingRefunds(state, moment.now, payment);',
        replace: "return end(state, { kind: 'refunded' });",
      },
    ],
  },
  {
    name: 'another amount ends in attention, whatever the operator decided',
    changes: [
      {
        file: core('resolution/after-query.ts'),
        find: "if (policy.ifAmountDiffers !== 'accept' && differs(state, payment)) {",
        replace: 'if (differs(state, payment)) {',
      },
    ],
  },
  {
    name: 'past the reversal window it asks until the deadline, and never refunds',
    changes: [
      {
        file: core('resolution/after-query.ts'),
        find: '  const { totalFee } = payment;\n',
        replace:
          '  if (policy.refundWhenExpired) return askAgain(state, now + 60_000);\n  const { totalFee } = payment;\n',
      },
    ],
  },
  {
    name: 'a reply that names no order is believed',
    changes: [
      {
        file: core('call/deciding.ts'),
        find: 'required.find((candidate) => !reply[candidate])',
        replace: "required.find((candidate) => candidate === '')",
      },
    ],
  },
  {
    name: 'a reply that was cut anew is believed',
    changes: [
      { file: core('call/reply.ts'), find: '  assertUnambiguous(reply);', replace: '  void assertUnambiguous;' },
    ],
  },
  {
    name: 'a reversal is not proven',
    changes: [
      {
        file: core('resolution/after-reverse.ts'),
        find: ': checking(state, moment, { at: moment.now, isReversed: true });',
        replace: ": end(state, { kind: 'reversed' });",
      },
      {
        file: core('resolution/after-reverse.ts'),
        find: 'import { attemptsOf, expired,',
        replace: 'import { attemptsOf, end, expired,',
      },
    ],
  },
  {
    name: 'closing: CLOSED is believed at once',
    changes: [
      {
        file: core('resolution/decide-close.ts'),
        find: 'const isProven = closedSince !== undefined && now >= closedSince + CLOSED_AGAIN_MS;',
        replace: 'const isProven = closedSince === undefined || now >= closedSince;',
      },
    ],
    spec: OF_CLOSING,
  },
  {
    name: 'closing: a close is not proven',
    changes: [
      {
        file: core('resolution/after-close.ts'),
        find: 'return checkingClose(state, moment, { at: moment.now, isClosed: true });',
        replace: "return end(state, { kind: 'closed', found: true });",
      },
      {
        file: core('resolution/after-close.ts'),
        find: 'import { attemptsOf, factsOf,',
        replace: 'import { attemptsOf, end, factsOf,',
      },
    ],
    spec: OF_CLOSING,
  },
  {
    name: 'closing: what was paid late is refunded, and nobody asked for it',
    changes: [
      {
        file: core('resolution/after-query.ts'),
        find: "if (!returnsPayment(state) && !(isLate && policy.ifPaidLate === 'refund')) {",
        replace: 'if (!returnsPayment(state) && !isLate) {',
      },
    ],
    spec: OF_CLOSING,
  },
  {
    name: 'closing: an order is closed within 5 min',
    changes: [
      {
        file: core('resolution/decide-close.ts'),
        find: 'at: Math.max(moment.now, state.orderCreatedAt + CLOSE_NOT_BEFORE_MS, notBefore ?? 0),',
        replace: 'at: Math.max(moment.now, notBefore ?? 0, CLOSE_NOT_BEFORE_MS),',
      },
      {
        file: core('resolution/decide-close.ts'),
        find: 'return Math.max(soonest, timeExpire',
        replace: 'return Math.max(soonest - CLOSE_NOT_BEFORE_MS, timeExpire',
      },
    ],
    spec: OF_CLOSING,
  },
  {
    name: 'closing: each copy of a notification is a query',
    changes: [
      {
        file: core('resolution/stored-state.ts'),
        find: 'state.hintedAt === undefined ? now : state.hintedAt + state.policy.queryEveryMs',
        replace: 'now',
      },
    ],
    spec: OF_CLOSING,
  },
  {
    name: 'durable: the charge leaves, and its durable order is stored beside it',
    changes: [
      {
        file: durable('pay.ts'),
        find: 'const stored: string = await payments.enqueue({ ...intent, policy }, actor).catch(nothingSent);',
        replace:
          "const stored = 'enqueued'; void payments.enqueue({ ...intent, policy }, actor).catch(nothingSent).catch(() => undefined);",
      },
    ],
  },
  {
    name: 'durable: a charge leaves however late its durable order was stored',
    changes: [{ file: durable('pay.ts'), find: 'if (elapsed() > withinMs) {', replace: 'if (elapsed() < 0) {' }],
  },
  {
    name: 'durable: an order whose charge failed is called off without a query',
    changes: [
      {
        file: durable('pay.ts'),
        find: "if (!isWechatPayError(error) || error.outcome === 'unknown') {",
        replace: 'if (!isWechatPayError(error)) {',
      },
      {
        file: durable('pay.ts'),
        find: ': await confirm(notes);',
        replace: ': { isConfirmed: confirm !== undefined, isOpen: false };',
      },
    ],
  },
  {
    name: 'durable: paid is said, and not stored',
    changes: [
      {
        file: durable('pay.ts'),
        find: 'if (await patience.wait(isStored(() => payments.keep(order, payment, result))))',
        replace: 'if ((await patience.wait(isStored(() => payments.keep(order, payment, result)))) || payment)',
      },
    ],
  },
  {
    name: 'durable: what is paid has ended, so that nothing is to be reversed',
    changes: [
      {
        file: durable('reverse.ts'),
        find: "if (outcome && !mayHoldMoney(outcome)) return 'ended';",
        replace: "if (outcome && mayHoldMoney) return 'ended';",
      },
    ],
  },
  {
    name: 'durable: an onResolved that throws is not called again',
    changes: [
      {
        file: durable('tell-end.ts'),
        find: 'return again(data, delay(TELL_AGAIN_MS, 0), journal);',
        replace: 'void [TELL_AGAIN_MS, journal, again, delay];',
      },
    ],
  },
  {
    name: 'durable: an end is told before it is stored',
    changes: [{ file: durable('tell-end.ts'), find: '      await save(data, journal);\n', replace: '' }],
  },
  {
    name: 'durable: a worker that has lost its lease goes on',
    changes: [
      {
        file: durable('handler.ts'),
        find: 'await save(ongoing(data, state), notes);',
        replace: 'await save(ongoing(data, state), notes).catch(() => undefined);',
      },
      {
        file: durable('refunds/return-beside-refunds.ts'),
        find: 'await save(data, notes, { id, check });',
        replace: 'await save(data, notes, { id, check }).catch(() => (look.isMade = true));',
      },
    ],
  },
  {
    name: 'durable: a reversal is sent, and then stored',
    changes: [
      {
        file: durable('handler.ts'),
        find: 'const inTheWay = await storeReturn({ id, save }, step, ongoing(data, state), notes, partsOf);',
        replace: 'const inTheWay = undefined;',
      },
    ],
  },
  {
    name: 'durable: an end is numbered anew each time that it is told',
    changes: [{ file: durable('ends.ts'), find: 'end: isStored ? end : end + 1,', replace: 'end: end + 1,' }],
  },
  {
    name: 'statement: amounts go through floating point',
    spec: OF_STATEMENTS,
    changes: [FLOATING_POINT],
  },
  {
    name: 'statement: the amount is read by the place that it has in one edition',
    spec: OF_STATEMENTS,
    changes: [COLUMN_BY_PLACE],
  },
  {
    name: 'statement: a refusal counts as an empty day',
    spec: OF_STATEMENTS,
    changes: [
      {
        file: core('statement/reader.ts'),
        find: "throw describeRefusal(this.#open ?? '');",
        replace: 'void describeRefusal;\n        this.summary = { count: 0, sums: {}, raw: {} };\n        return;',
      },
    ],
  },
  {
    name: 'statement: what was cut off counts as the whole day',
    spec: OF_STATEMENTS,
    changes: [
      {
        file: core('statement/reader.ts'),
        find: "throw statementError('truncated', `the statement ends ${at}, after ${rows} rows.`, { rows, received });",
        replace: 'void [at, received];\n        this.summary = { count: rows, sums: {}, raw: {} };\n        return;',
      },
    ],
  },
  {
    name: 'statement: times are those of UTC',
    spec: OF_STATEMENTS,
    changes: [
      {
        file: core('statement/beijing.ts'),
        find: 'const OFFSET_MS = 8 * 60 * 60 * 1_000;',
        replace: 'const OFFSET_MS = 0;',
      },
    ],
  },
  {
    name: 'statement: the day of the book ends at midnight in UTC',
    spec: OF_STATEMENTS,
    changes: [
      {
        file: core('statement/missing-movements.ts'),
        find: 'const until = nextBeijingMidnight(date);',
        replace: 'const until = nextBeijingMidnight(date) + 8 * 60 * 60_000;',
      },
    ],
  },
  {
    name: 'statement: a refund is found by its amount',
    spec: OF_STATEMENTS,
    changes: [
      {
        file: core('statement/classify-row.ts'),
        find: '({ outRefundNo, refundId }) =>\n      outRefundNo === row.outRefundNo ||',
        replace: '({ refundFee, refundId }) =>\n      refundFee === row.refundFee ||',
      },
    ],
  },
  {
    name: 'day: amounts go through floating point',
    spec: OF_DAYS,
    changes: [FLOATING_POINT],
  },
  {
    name: 'day: the amount is read by the place that it has in one edition',
    spec: OF_DAYS,
    changes: [COLUMN_BY_PLACE],
  },
  {
    name: 'day: a failed download counts as an empty day',
    spec: OF_DAYS,
    changes: [
      {
        file: durable('reconcile/compare-day.ts'),
        find: '    if (!isNoStatement(error)) throw error;\n    const empty',
        replace: '    if (!isWechatPayError(error)) throw error;\n    const empty',
      },
    ],
  },
  {
    name: 'day: its orders are those of a day of UTC',
    spec: OF_DAYS,
    changes: [
      {
        file: durable('reconcile/durable-book.ts'),
        find: 'async *ordersOf(_day: string, from: Date, until: Date): AsyncGenerator<BookOrder, void> {',
        replace:
          'async *ordersOf(day: string, from: Date, until: Date): AsyncGenerator<BookOrder, void> {\n' +
          '    from = new Date(`${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}T00:00:00Z`);',
      },
    ],
  },
  {
    name: 'day: what was stored and ended on one later day is claimed for none',
    spec: OF_DAYS,
    changes: [
      {
        file: durable('reconcile/durable-book.ts'),
        find: "const ended = { kind: 'order', merchantId, ended: { from, to: until } } as const;",
        replace:
          'const createdBefore = new Date(from.getTime() + STORED_BEFORE_MS);\n' +
          "    const ended = { kind: 'order', merchantId, ended: { from, to: until }, createdBefore } as const;",
      },
    ],
  },
  {
    name: 'day: any answer sets an order going again',
    spec: OF_DAYS,
    changes: [
      {
        file: durable('reconcile/ask.ts'),
        find: "return kind === 'ended' || (",
        replace: 'return kind !== undefined || (',
      },
    ],
  },
  {
    name: 'day: an order that has stopped for a person is set going, and its money returned',
    spec: OF_DAYS,
    changes: [
      {
        file: durable('reconcile/ask.ts'),
        find: "if (stored.status === 'dead' && after.kind !== 'ended') return",
        replace: 'if (signal?.aborted) return',
      },
      {
        file: durable('reconcile/ask.ts'),
        find: "(['done', 'cancelled'] as const)",
        replace: "(['done', 'dead', 'cancelled'] as const)",
      },
    ],
  },
];
