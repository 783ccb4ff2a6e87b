import fc from 'fast-check';
import { expect, it } from 'vitest';
import { faultCatalogue, Sandbox, type Behaviour, type DirectRequest, type Fault } from 'wechatpay-sandbox';
import {
  payAndResolve,
  resumeResolution,
  REVERSE_ORDER,
  WechatPayClient,
  WechatPayTransportError,
  type PaymentResult,
  type TakenStep,
  type ResolutionPolicy,
  type ResolutionState,
} from '../index.js';
import { askFirst, startResolution } from './index.js';

// The whole loop against the whole gateway, on a clock of its own: random customers, every fault at any call, crashes at any
// step. The ledger is the judge.
const RUNS = Number(process.env.RESOLVE_RUNS ?? 300);
// Today, because the sandbox's certificates are of today.
const START = new Date().setUTCHours(0, 0, 0, 0);
const TOTAL_FEE = 888;
const TIMEOUT_MS = 15_000;

const behaviours: fc.Arbitrary<Behaviour> = fc.oneof(
  fc.constant<Behaviour>({ behaviour: 'pays-at-once' }),
  fc.integer({ min: 0, max: 60_000 }).map((ms): Behaviour => ({ behaviour: 'pays-after', ms })),
  fc.integer({ min: 0, max: 12 }).map((queries): Behaviour => ({ behaviour: 'pays-after-queries', queries })),
  fc.integer({ min: 0, max: 30_000 }).map((ms): Behaviour => ({ behaviour: 'refuses', ms })),
  fc.constant<Behaviour>({ behaviour: 'balance-too-low' }),
  fc.constant<Behaviour>({ behaviour: 'walks-away' }),
);

const faults = Object.values(faultCatalogue).flatMap<Fault>(({ examples }) => examples);

/** What befalls a call: nothing, a fault of the gateway, no connection, or a network that delivers late; then perhaps this process. */
const mishap = fc.record({
  fault: fc.option(
    fc.oneof(fc.constantFrom(...faults), fc.constant('no connection' as const), fc.constant('late' as const)),
    { freq: 2 },
  ),
  crash: fc.option(fc.record({ stored: fc.boolean(), downForMs: fc.integer({ min: 0, max: 120_000 }) }), { freq: 4 }),
  takesMs: fc.integer({ min: 1, max: 3_000 }),
  /** Longer than the client waits, shorter than the 45 s in which an order can be paid. */
  lateMs: fc.integer({ min: TIMEOUT_MS, max: 35_000 }),
});

const story = fc.record({
  behaviour: behaviours,
  mishaps: fc.array(mishap, { maxLength: 30 }),
  deadlineS: fc.constantFrom(60, 600, 86_400),
  /** Keep what is paid; or reverse it once it is paid; or give up where Quick Pay has no clear answer. */
  plan: fc.constantFrom('keep', 'keep', 'return', 'give up'),
  /** After a crash: asks before it goes on, as a driver that delivers at least once does. */
  asksFirst: fc.boolean(),
});

const quiet = { fault: null, takesMs: 100, lateMs: 0, crash: null };

/** This process dies: nothing that it was about to do is done. */
class Crash extends Error {}
const forever = new Promise<never>(() => undefined);

it(`an order ends as the ledger says, in ${RUNS} stories`, { timeout: 600_000 }, async () => {
  let now = START;
  const sandbox = await Sandbox.create({ now: () => now });
  const kinds = new Map<string, number>();

  const tell = async ({
    behaviour,
    mishaps,
    deadlineS,
    plan,
    asksFirst,
  }: typeof story extends fc.Arbitrary<infer T> ? T : never) => {
    sandbox.reset();
    now = START;
    const script = [...mishaps];
    let returnsPayment = plan === 'return';
    /** When reversals were sent, in seconds; a late one arrives later. */
    const reverses: number[] = [];
    const forgotten: number[] = [];
    const { merchantId } = sandbox.merchant;
    const late: { at: number; request: DirectRequest }[] = [];
    const deliverLate = (): void => {
      for (const { at, request } of late.splice(0)) {
        if (at <= now) sandbox.handle(request);
        else late.push({ at, request });
      }
    };
    let crash: { stored: boolean; downForMs: number } | undefined;
    const client = new WechatPayClient({
      ...sandbox.merchant,
      now: () => now,
      timeoutMs: 600_000, // in this world nothing takes real time
      transport: ({ path, body }) => {
        deliverLate();
        const { fault, takesMs, lateMs, crash: next } = script.shift() ?? quiet;
        // What was not sent is no reversal, and may be tried again at once after a crash.
        if (path === REVERSE_ORDER.path && fault !== 'no connection') reverses.push((now - START) / 1000);
        crash = next ?? undefined;
        const request = { path, body, ...(path.startsWith('/secapi/') && { clientCertificate: merchantId }) };
        if (fault === 'late') {
          late.push({ at: now + lateMs, request });
          now += TIMEOUT_MS;
          throw new Error('no answer');
        }
        if (fault === 'no connection') {
          now += takesMs;
          throw new WechatPayTransportError('WECHATPAY_CONNECTION', 'refused.', 'not-sent');
        }
        // A recall is for Revoke Order; elsewhere it would be a signed success for what did not happen.
        if (fault && (fault.kind !== 'recall' || path === REVERSE_ORDER.path)) sandbox.faults.add(fault);
        const reply = sandbox.handle(request);
        sandbox.faults.clear();
        now += reply.kind === 'hang' ? TIMEOUT_MS : takesMs;
        if (reply.kind !== 'reply') throw new Error(reply.kind);
        now += Math.min(reply.delayMs ?? 0, TIMEOUT_MS);
        if ((reply.delayMs ?? 0) >= TIMEOUT_MS) throw new Error('too late');
        return Promise.resolve(reply);
      },
    });

    const order = { outTradeNo: 'A1', orderCreatedAt: new Date(START), totalFee: TOTAL_FEE };
    const deadline = new Date(START + deadlineS * 1000);
    // Written down before the risk is taken.
    const begin = (policy: Partial<ResolutionPolicy> = {}): ResolutionState =>
      startResolution(order, deadline.getTime(), policy);
    let stored = begin();
    let die: (reason: Crash) => void = () => undefined;
    const dies = (): Promise<never> => {
      die(new Crash());
      return forever;
    };
    const options = {
      deadline,
      onStep: ({ state }: TakenStep): Promise<void> => {
        if (crash && !crash.stored) {
          forgotten.push((now - START) / 1000);
          return dies();
        }
        stored = JSON.parse(JSON.stringify(state)) as ResolutionState;
        return crash ? dies() : Promise.resolve();
      },
      wait: (until: number): Promise<void> => {
        if (crash) return dies(); // in quick pay: nothing but the state before it is stored
        now = until;
        return Promise.resolve();
      },
    };
    const orDies = <T>(running: Promise<T>): Promise<T> =>
      Promise.race([running, new Promise<never>((_, reject) => (die = reject))]);
    const request = {
      outTradeNo: 'A1',
      body: 'tea',
      totalFee: TOTAL_FEE,
      spbillCreateIp: '203.0.113.7',
      authCode: sandbox.customers.create(behaviour).authCode,
    };

    let ended: PaymentResult | undefined;
    let run = (): Promise<PaymentResult> => payAndResolve(client, request, options);
    if (plan === 'give up') {
      run = async () => {
        const result = await payAndResolve(client, request, { ...options, deadline: new Date(START + 1) });
        if (result.outcome.kind !== 'unresolved') return result;
        stored = begin({ ifPaid: 'reverse' });
        return resumeResolution(client, stored, options);
      };
    }
    while (!ended) {
      try {
        ended = await orDies(run());
        if (crash) throw new Crash(); // before anybody was told
        if (ended.outcome.kind === 'paid' && returnsPayment) {
          returnsPayment = false;
          ended = undefined;
          stored = begin({ ifPaid: 'reverse' });
          run = () => resumeResolution(client, stored, options);
        }
      } catch (error) {
        if (!(error instanceof Crash)) throw error;
        ended = undefined;
        now += crash?.downForMs ?? 0;
        crash = undefined;
        run = () => resumeResolution(client, asksFirst ? askFirst(stored) : stored, options);
      }
    }

    const { kind } = ended.outcome;
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    const requests = sandbox.requests.map(({ path, at }) => ({ path, second: (at.getTime() - START) / 1000 }));
    // Whatever is still to come, has come.
    now += 600_000;
    deliverLate();
    const { paid, returned, net } = sandbox.ledger.of('A1');
    const told = JSON.stringify({ outcome: ended.outcome, paid, returned, requests });

    expect(paid, told).toBeLessThanOrEqual(TOTAL_FEE);
    expect(returned, told).toBeLessThanOrEqual(paid);
    if (kind === 'paid') expect(net, told).toBe(TOTAL_FEE);
    if (['reversed', 'closed', 'refunded', 'declined'].includes(kind)) expect(net, told).toBe(0);
    if (kind === 'refund-required') expect(net, told).toBe(TOTAL_FEE);
    for (const [index, second] of reverses.entries()) {
      expect(second, told).toBeGreaterThanOrEqual(15);
      expect(second, told).toBeLessThan(deadlineS);
      const last = reverses[index - 1];
      // A crash before the step was stored forgets when it was.
      const isForgotten = forgotten.some((crashed) => last !== undefined && last <= crashed && crashed <= second);
      if (last !== undefined && !isForgotten) expect(second - last, told).toBeGreaterThanOrEqual(1.5);
    }
    expect(requests.filter(({ path }) => path === '/pay/micropay').length, told).toBeLessThanOrEqual(1);
    await client.close();
  };

  await fc.assert(fc.asyncProperty(story, tell), { numRuns: RUNS });
  console.log(`How the stories ended: ${JSON.stringify(Object.fromEntries(kinds))}`);
  // A generator that has lost its way would prove nothing.
  for (const kind of ['paid', 'reversed', 'closed', 'declined', 'unresolved'])
    expect(kinds.get(kind), kind).toBeGreaterThan(0);
});
