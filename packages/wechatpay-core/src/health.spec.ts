import { expect, it } from 'vitest';
import { scripted } from '../test/scripted.js';
import { startGateway } from '../test/start-gateway.js';
import { clientHealth, queryOrder, WechatPayConfigError, worstHealth } from './index.js';

const DAY_MS = 86_400_000;
const { connect } = await startGateway();

it('is up, degraded from 14 days before its certificate expires, and down from then on', () => {
  let now = Date.now();
  const client = connect({ now: () => now });
  const expiry = client.certificate?.validTo.getTime() ?? 0;
  const at = (time: number, days?: number): unknown => {
    now = time;
    const { status, findings, certificateDaysLeft } = clientHealth(client, { certificateDays: days });
    return [status, ...findings.map(({ code }) => code), certificateDaysLeft];
  };
  expect(at(expiry - 14 * DAY_MS)).toEqual(['up', 14]);
  expect(at(expiry - 14 * DAY_MS + 1)).toEqual(['degraded', 'certificate-expires', 13]);
  expect(at(expiry - 14 * DAY_MS + 1, 3)).toEqual(['up', 13]);
  expect(at(expiry)).toEqual(['degraded', 'certificate-expires', 0]);
  expect(at(expiry + 1)).toEqual(['down', 'certificate-expired', -1]);
});

it('is degraded, and not down, while the gateway answers nobody', async () => {
  const { client } = scripted([new Error('no answer')]);
  expect(clientHealth(client)).toEqual({
    status: 'up',
    merchantId: client.merchantId,
    circuit: 'closed',
    findings: [],
  });
  for (let time = 0; time < 5; time += 1) await queryOrder(client, { outTradeNo: 'A1' }).catch(() => undefined);
  expect(clientHealth(client)).toMatchObject({
    status: 'degraded',
    circuit: 'open',
    findings: [{ code: 'circuit-open', status: 'degraded' }],
  });
});

it('is asked for with a clock that fails, and refuses a rule that it does not know', () => {
  const { client } = scripted([{}]);
  let isBroken = false;
  const broken = connect({ now: () => (isBroken ? NaN : Date.now()) });
  isBroken = true;
  expect(clientHealth(broken).status).toBe('up');
  expect(() => clientHealth(client, { certificateDay: 1 } as object)).toThrow(/Did you mean certificateDays\?/);
  expect(() => clientHealth(client, { certificateDays: -1 })).toThrow(WechatPayConfigError);
});

it('has the worst of its findings as its status', () => {
  const [down, degraded] = (['down', 'degraded'] as const).map((status) => ({ code: status, status, message: '' }));
  expect([[], [degraded], [degraded, down]].map((findings) => worstHealth(findings as never))).toEqual([
    'up',
    'degraded',
    'down',
  ]);
});
