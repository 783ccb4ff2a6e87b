// What `npm run mutate` changes, and the specs that have to notice. A spec with real time-outs or thousands of stories stays out:
// it would make every change slow, and a rule that it alone notices has no test that names it.

const core = (...names) => names.map((name) => `packages/wechatpay-core/src/${name}.ts`);
const durable = (...names) => names.map((name) => `packages/wechatpay-durable/src/${name}.ts`);
const rules = (...names) => core(...names.map((name) => `resolution/${name}`));

export const PLAN = [
  {
    name: 'calls',
    files: core(
      'call/sign',
      'call/xml',
      'errors',
      'operations/reverse-order',
      'operations/order-identity',
      'call/fields',
      'client',
      'call/operation',
      'call/call-error',
      'call/deliver',
    ),
    specs: core(
      ...[
        'call/sign',
        'call/xml',
        'config',
        'operations/reverse-order',
        'call/deliver',
        'call/fields',
        'operations/refund-order',
        'operations/quick-pay',
        'operations/query-order',
      ],
    ).map(specOf),
    // These wait for a time-out, which belongs to transport.ts.
    testNamePattern: /^(?!.*"kind":"(?:hang|delay)")/,
  },
  {
    name: 'replies',
    files: core('call/reply', 'call/deciding', 'call/given'),
    specs: core('call/reply', 'call/deciding', 'call/given').map(specOf),
    testNamePattern: /^(?!whatever a text holds)/,
  },
  {
    name: 'rules',
    files: rules(
      ...['advance', 'after-query', 'after-reverse', 'after-refund', 'decide-reversal', 'amounts', 'build', 'classify'],
      ...['next-step', 'policy', 'start', 'stored-state', 'version-1'],
    ),
    specs: rules('rules', 'stored-state').map(specOf),
  },
  {
    name: 'drivers',
    files: [
      ...rules('take-step', 'callbacks', 'drive', 'resolve-order', 'pay-and-resolve', 'confirm-decline'),
      ...core('operations/query-all-refunds'),
    ],
    specs: [...rules('drivers'), ...core('operations/query-all-refunds')].map(specOf),
  },
  {
    name: 'durable',
    files: durable('pay', 'handler'),
    specs: durable('pay', 'pay-declined', 'pay-pending', 'handler').map(specOf),
  },
];

function specOf(file) {
  return file.replace(/\.ts$/, '.spec.ts');
}
