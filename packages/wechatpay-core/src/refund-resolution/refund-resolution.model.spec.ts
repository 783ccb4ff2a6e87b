import fc from 'fast-check';
import { expect, it } from 'vitest';
import { faultCatalogue, Sandbox, type DirectRequest, type Fault } from 'wechatpay-sandbox';
import {
  refundAndResolve,
  REFUND_ORDER,
  resumeRefund,
  WechatPayClient,
  WechatPayTransportError,
  type RefundAndResolveOptions,
  type RefundAndResolveRequest,
  type RefundResolution,
  type RefundState,
  type TakenRefundStep,
} from '../index.js';
import { askRefundFirst, startRefund } from '../resolution/index.js';

// A refund against the whole gateway, on a clock of its own: every fault at any call, calls that arrive late or twice, crashes at any step,
// two processes at once. The ledger is the judge.
const RUNS = Number(process.env.REFUND_RUNS ?? 250);
// Today, because the sandbox's certificates are of today.
const START = new Date().setUTCHours(0, 0, 0, 0);
const TIMEOUT_MS = 15_000;
const REFUND_DELAY_MS = 60_000;
const TOTAL_FEE = 888;

const REFUSALS: readonly Fault[] = [
  'NOTENOUGH',
  'FREQUENCY_LIMITED',
  'BIZERR_NEED_RETRY',
  'INVALID_REQ_TOO_MUCH',
  'USER_ACCOUNT_ABNORMAL',
  'TRADE_OVERDUE',
  'NOAUTH',
].flatMap((errorCode): Fault[] => [
  { kind: 'error', errorCode },
  { kind: 'error', errorCode, effect: true }, // "in extreme cases it succeeded"
]);
const FAULTS = Object.values(faultCatalogue).flatMap<Fault>(({ examples }) => examples);

const mishap = fc.record({
  fault: fc.option(
    fc.oneof(
      fc.constantFrom(...FAULTS),
      fc.constantFrom(...REFUSALS),
      fc.constantFrom('no connection' as const, 'late' as const, 'twice' as const),
    ),
    { freq: 3 },
  ),
  crash: fc.option(fc.record({ stored: fc.boolean(), downForMs: fc.integer({ min: 0, max: 180_000 }) }), { freq: 5 }),
  takesMs: fc.integer({ min: 1, max: 3_000 }),
  lateMs: fc.integer({ min: TIMEOUT_MS, max: 45_000 }),
});

const story = fc.record({
  mishaps: fc.array(mishap, { maxLength: 20 }),
  refundFee: fc.constantFrom(1, 300, TOTAL_FEE),
  /** What was refunded before, by hand. */
  earlier: fc.constantFrom(0, 0, 300),
  deadlineS: fc.constantFrom(60, 600, 86_400),
  /** Another process runs the same refund, at the same time. */
  isDoubled: fc.boolean(),
});
type Story = typeof story extends fc.Arbitrary<infer T> ? T : never;

const quiet = { fault: null, takesMs: 100, lateMs: 0, crash: null };

/** This process dies: nothing that it was about to do is done. */
class Crash extends Error {}
const forever = new Promise<never>(() => undefined);

it(`a refund ends as the ledger says, in ${RUNS} stories`, { timeout: 600_000 }, async () => {
  let now = START;
  const sandbox = await Sandbox.create({ now: () => now, refundDelayMs: REFUND_DELAY_MS });
  const kinds = new Map<string, number>();

  const tell = async ({ mishaps, refundFee, earlier, deadlineS, isDoubled }: Story): Promise<void> => {
    sandbox.reset();
    now = START;
    const { merchantId } = sandbox.merchant;
    const order = sandbox.orders.create({ state: 'paid', outTradeNo: 'T1', totalFee: TOTAL_FEE, currency: 'HKD' });
    const script = [...mishaps];
    const late: { at: number; request: DirectRequest }[] = [];
    const deliverLate = (): void => {
      for (const { at, request } of late.splice(0)) {
        if (at <= now) sandbox.handle(request);
        else late.push({ at, request });
      }
    };
    const deliver = (
      { path, body }: { path: string; body: string | Uint8Array },
      fault: Fault | 'late' | 'twice' | null,
      lateMs: number,
    ) => {
      const request = { path, body, ...(path.startsWith('/secapi/') && { clientCertificate: merchantId }) };
      if (fault === 'late') {
        late.push({ at: now + lateMs, request });
        return { kind: 'hang' as const };
      }
      if (fault === 'twice') sandbox.handle(request);
      // A recall is for Revoke Order; elsewhere it would be a signed success for what did not happen.
      else if (fault && fault.kind !== 'recall') sandbox.faults.add(fault);
      const reply = sandbox.handle(request);
      sandbox.faults.clear();
      return reply;
    };
    const crashes = new Map<WechatPayClient, { stored: boolean; downForMs: number } | undefined>();
    const connect = (): WechatPayClient => {
      const client = new WechatPayClient({
        ...sandbox.merchant,
        now: () => now,
        timeoutMs: 600_000, // in this world nothing takes real time
        transport: ({ path, body }) => {
          deliverLate();
          const { fault, takesMs, lateMs, crash } = script.shift() ?? quiet;
          crashes.set(client, crash ?? undefined);
          if (fault === 'no connection') {
            now += takesMs;
            throw new WechatPayTransportError('WECHATPAY_CONNECTION', 'refused.', 'not-sent');
          }
          const reply = deliver({ path, body }, fault, lateMs);
          now += reply.kind === 'hang' ? TIMEOUT_MS : takesMs;
          if (reply.kind !== 'reply') throw new Error(reply.kind);
          now += Math.min(reply.delayMs ?? 0, TIMEOUT_MS);
          if ((reply.delayMs ?? 0) >= TIMEOUT_MS) throw new Error('too late');
          return Promise.resolve(reply);
        },
      });
      return client;
    };

    const client = connect();
    if (earlier > 0) {
      const byHand = { path: REFUND_ORDER.path, outRefundNo: 'R0' };
      script.unshift(quiet);
      await client.call(REFUND_ORDER, {
        outTradeNo: 'T1',
        outRefundNo: byHand.outRefundNo,
        totalFee: TOTAL_FEE,
        refundFee: earlier,
      });
      now += 120_000;
    }
    const isMoreThanLeft = refundFee + earlier > TOTAL_FEE;
    const request: RefundAndResolveRequest = { outTradeNo: 'T1', outRefundNo: 'R1', totalFee: TOTAL_FEE, refundFee };

    /** Runs the refund in a process that may crash, until it has an outcome. */
    const live = async (process: WechatPayClient): Promise<RefundResolution> => {
      // Stored before it is sent.
      const deadline = (): number => now + deadlineS * 1000;
      let stored: RefundState = startRefund(request, { now, deadline: deadline() });
      let run = (options: RefundAndResolveOptions): Promise<RefundResolution> =>
        refundAndResolve(process, request, options);
      for (;;) {
        let die: (reason: Crash) => void = () => undefined;
        const dies = (): Promise<never> => {
          die(new Crash());
          return forever;
        };
        const options = {
          deadline: new Date(deadline()),
          onStep: ({ state }: TakenRefundStep): Promise<void> => {
            const crash = crashes.get(process);
            if (!crash || crash.stored) stored = JSON.parse(JSON.stringify(state)) as RefundState;
            return crash ? dies() : Promise.resolve();
          },
          wait: (until: number): Promise<void> => {
            now = Math.max(now, until);
            return Promise.resolve();
          },
        };
        const crashed = new Promise<never>((_, reject) => (die = reject));
        try {
          return await Promise.race([run(options), crashed]);
        } catch (error) {
          if (!(error instanceof Crash)) throw error;
          now += crashes.get(process)?.downForMs ?? 0;
          crashes.delete(process);
          run = (again) => resumeRefund(process, askRefundFirst(stored, now), again);
        }
      }
    };

    const other = isDoubled ? connect() : undefined;
    let results = await Promise.all([client, ...(other ? [other] : [])].map(live));

    const judge = (): void => {
      const told = JSON.stringify({ results, refunds: order.refunds });
      const made = sandbox.ledger.list().filter(({ refundNumber }) => refundNumber === 'R1');
      expect(made.length, told).toBeLessThanOrEqual(1);
      expect(sandbox.ledger.of('T1').net, told).toBeGreaterThanOrEqual(0);
      for (const { outcome } of results) {
        if (outcome.kind === 'refunded') {
          expect(
            made.map(({ amount }) => amount),
            told,
          ).toEqual([refundFee]);
          // Believed once it was there, not once it was accepted.
          expect(now - (made[0]?.at.getTime() ?? now), told).toBeGreaterThanOrEqual(REFUND_DELAY_MS);
        }
        if (outcome.kind === 'refund-rejected' && !isDoubled) expect(made, told).toEqual([]);
        if (isMoreThanLeft) expect(outcome.kind, told).not.toBe('refunded');
      }
    };
    for (const { outcome } of results) {
      const { kind } = outcome;
      const name = kind === 'needs-attention' ? outcome.reason : kind;
      kinds.set(name, (kinds.get(name) ?? 0) + 1);
    }
    judge();
    // Whatever is still to come, has come.
    now += 600_000;
    deliverLate();
    judge();

    // Nothing is lost: once nothing goes wrong any more, a refund that stopped is resumed to its end.
    script.length = 0;
    const wait = (until: number): Promise<void> => {
      now = Math.max(now, until);
      return Promise.resolve();
    };
    const options = { deadline: new Date(now + 30 * 86_400_000), wait };
    // A refusal that was still to be confirmed ends first, and is resumed as by a person who has fixed its cause.
    for (let times = 0; times < 3 && results.some(({ outcome }) => outcome.kind !== 'refunded'); times += 1) {
      results = await Promise.all(results.map(({ state }) => resumeRefund(client, state, options)));
      judge();
    }
    const expected = isMoreThanLeft ? { kind: 'needs-attention', reason: 'keeps-failing' } : { kind: 'refunded' };
    for (const { outcome } of results) expect(outcome).toMatchObject(expected);
    await client.close();
    await other?.close();
  };

  await fc.assert(fc.asyncProperty(story, tell), { numRuns: RUNS });
  console.log(`How the stories ended: ${JSON.stringify(Object.fromEntries(kinds))}`);
  // A generator that has lost its way would prove nothing. What is rarer, as a refusal that is proven, the walk reaches.
  for (const kind of ['refunded', 'keeps-failing', 'too-late', 'cannot-ask', 'unresolved']) {
    expect(kinds.get(kind), kind).toBeGreaterThan(0);
  }
});
