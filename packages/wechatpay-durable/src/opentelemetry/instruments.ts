import type { Instrument } from 'wechatpay-core/opentelemetry';

/** What `observeDurableOrders` records. The names, units and attributes are stable: a dashboard that uses them goes on working. */
export const DURABLE_INSTRUMENTS = {
  orders: {
    name: 'wechatpay.durable.orders',
    kind: 'gauge',
    unit: '{order}',
    description: 'Durable orders and refunds by status, as the store counts them at each collection; alarm on `dead`',
    attributes: ['wechatpay.status'],
  },
  oldestAge: {
    name: 'wechatpay.durable.oldest_age_seconds',
    kind: 'gauge',
    unit: 's',
    description: 'For how long the oldest of those that wait or are active has been stored; 0 where there is none',
    attributes: [],
  },
  lateness: {
    name: 'wechatpay.durable.lateness_seconds',
    kind: 'gauge',
    unit: 's',
    description: 'How long the most overdue step has been due; alarm on this one',
    attributes: [],
  },
  storeUp: {
    name: 'wechatpay.durable.store_up',
    kind: 'gauge',
    unit: '{store}',
    description: '1 where the store answers a collection within 3 s, else 0, and then the three above are absent',
    attributes: [],
  },
  steps: {
    name: 'wechatpay.durable.steps',
    kind: 'counter',
    unit: '{step}',
    description: 'Steps of this process, with what each brought: a state, or the code of an error',
    attributes: ['wechatpay.kind', 'wechatpay.step', 'wechatpay.result'],
  },
  ends: {
    name: 'wechatpay.durable.ends',
    kind: 'counter',
    unit: '{end}',
    description: 'Ends that this process came to, of orders and of refunds (`wechatpay.kind`)',
    attributes: ['wechatpay.kind', 'wechatpay.end', 'wechatpay.needs_person'],
  },
  problems: {
    name: 'wechatpay.durable.problems',
    kind: 'counter',
    unit: '{problem}',
    description: 'Failures of the store, of `onResolved`, of a step, and leases lost; each goes on by itself',
    attributes: ['error.type'],
  },
  merchantProblem: {
    name: 'wechatpay.durable.merchant_problem',
    kind: 'gauge',
    unit: '{merchant}',
    description: '1 while calls of a merchant fail, one after another, in the same way, then 0',
    attributes: ['wechatpay.merchant.id', 'error.type'],
  },
  merchantPaused: {
    name: 'wechatpay.durable.merchant_paused',
    kind: 'gauge',
    unit: '{merchant}',
    description: '1 while the orders of a merchant are held back, since its settings are wrong, then 0',
    attributes: ['wechatpay.merchant.id', 'error.type'],
  },
  clockSkew: {
    name: 'wechatpay.durable.clock_skew_seconds',
    kind: 'gauge',
    unit: 's',
    description: "How far the clock of a merchant's client is ahead of the store's; below 0 where it is behind",
    attributes: ['wechatpay.merchant.id'],
  },
  lateDays: {
    name: 'wechatpay.durable.reconciliation_late_days',
    kind: 'gauge',
    unit: '{day}',
    description:
      'Days that are not reconciled by 14:00 of the next in Beijing, as of the last minute; alarm on this one',
    attributes: ['wechatpay.merchant.id'],
  },
  differences: {
    name: 'wechatpay.durable.reconciliation_differences',
    kind: 'gauge',
    unit: '{difference}',
    description: 'Open differences of the last 90 days; alarm on those that need a person',
    attributes: ['wechatpay.merchant.id', 'wechatpay.needs_person'],
  },
} as const satisfies Readonly<Record<string, Instrument>>;
