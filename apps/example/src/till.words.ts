import {
  WechatPayBusinessError,
  WechatPayRequestError,
  type Advice,
  type SettledStep,
  type SettleError,
  type SettleEvent,
  type SettleOutcome,
  type SettleState,
  type WechatPayError,
} from 'wechatpay-core';

// What a cashier reads.

type TradeState = Extract<SettleEvent, { kind: 'queried' }>['tradeState'];

const TRADE_STATES: Record<TradeState, string> = {
  SUCCESS: 'paid',
  REFUND: 'refunded',
  NOTPAY: 'not paid',
  CLOSED: 'closed',
  REVOKED: 'revoked',
  USERPAYING: 'the customer is paying',
  PAYERROR: 'the payment failed',
  ACCEPT: 'accepted, not paid yet',
};

export const STEPS: Record<SettleState['next']['kind'], string> = { query: 'Ask', reverse: 'Revoke', refund: 'Refund' };

/** What a step brought. */
export function stepWords({ event }: SettledStep): string {
  switch (event.kind) {
    case 'queried':
      return `Asked: ${TRADE_STATES[event.tradeState]}`;
    case 'reversed':
      return event.recall ? 'Revoked: WeChat Pay asks for it once more' : 'Revoked';
    case 'refunded':
      return 'Refunded';
    case 'failed':
      return `${STEPS[event.step]}: ${errorWord(event.error)}`;
  }
}

/** The code of an error, WeChat Pay's own where it has one. */
export function errorWord(error: WechatPayError | SettleError): string {
  const errorCode = 'errorCode' in error ? error.errorCode : undefined;
  return typeof errorCode === 'string' && errorCode !== '' ? errorCode : error.code;
}

/** What to do about an order that ended so. */
export function outcomeRemedy(outcome: SettleOutcome): string {
  switch (outcome.kind) {
    case 'paid':
      return 'Hand over the goods.';
    case 'closed':
      if (!outcome.found) return 'WeChat Pay never had this order: nothing is charged. Begin a new one.';
      return 'Nothing is charged, or will be. Begin a new order.';
    case 'revoked':
      return 'Nothing is charged, or will be. Begin a new order.';
    case 'refunded':
      return 'The money was given back.';
    case 'refund-required':
      return 'Paid, and too old to be revoked: refund it, then redrive it.';
    case 'needs-attention':
      return `Call the manager. Whether it is paid is not known. ${outcome.error.message}`;
    case 'unresolved':
      return `Call the manager. Whether it is paid is not known: do not charge again. ${outcome.error?.message ?? ''}`.trim();
  }
}

const DECLINED: Partial<Record<Advice, string>> = {
  'scan-again': 'Ask the customer for a fresh code, and scan it.',
  'change-payment': 'Ask the customer for another card.',
  'new-order': 'Begin a new order.',
};

/** What to do where Quick Pay said no. */
export function declinedRemedy(error: WechatPayError): string {
  const advised = error instanceof WechatPayBusinessError ? DECLINED[error.advice] : undefined;
  if (advised) return `Nothing is charged. ${advised}`;
  if (error instanceof WechatPayRequestError) return `Nothing was sent. ${error.message}`;
  return error.outcome === 'not-sent'
    ? 'Nothing was sent: WeChat Pay cannot be reached. Try again in some seconds.'
    : `Nothing is charged. Call the manager: ${error.message}`;
}
