// Over 250 lines, as one idea: all that a caller may ask of the public API, and what is noted of it.
import { inspect } from 'node:util';
import * as core from '../../src/index.js';
import type { PaymentResult, ResolutionState, Transport, WechatPayClient } from '../../src/index.js';
import { clockTime } from './gateway.js';
import { Breach } from './breach.js';
import { Order, type Heard, type Keeper } from './keeper.js';
import type { Wrong } from './arguments.js';
import { payment } from './deeds.js';
import type { Act, Hint, Story } from './story.js';
import { signed, write } from './wire.js';
import { dropTimers, type World } from './time.js';

// Who calls the library: does one act after another, passes callbacks that throw or hang, aborts, dies, and resumes from what
// was stored.

export const API_KEY = '192006250b4c09247ec02edce69f6a2d';

/** An act, and what came of it. */
export interface Deed {
  readonly act: Act;
  /** By the client's clock. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly deadline: number | undefined;
  /** The state that it went on from. */
  readonly from: ResolutionState | undefined;
  /** Which of the keeper's notes are of this act. */
  readonly sent: readonly [from: number, to: number];
  readonly heard: readonly [from: number, to: number];
  readonly ended:
    | { readonly how: 'result'; readonly result: unknown }
    | { readonly how: 'error'; readonly error: unknown }
    | { readonly how: 'died' }
    /** Nothing was left that it could have waited for. */
    | { readonly how: 'stuck' };
  /** Each call that the machine made: what came of it, and what the client had heard. */
  readonly steps: readonly { readonly event: Step; readonly word: Heard | undefined }[];
  /** What a callback threw, and for how long callbacks took their time. */
  readonly thrown: unknown;
  readonly hungMs: number;
  readonly isAborted: boolean;
  /** By how much the clock was set in the meantime. */
  readonly jumpedMs: number;
}

/** What `onStep` is told, or `onUnclear`. */
type Step = core.ResolutionEvent | { readonly kind: 'unclear'; readonly error: core.WechatPayError };

/** The life of one order: who calls for it, and all that was done. */
export interface Life {
  readonly outTradeNo: string;
  readonly story: Story;
  readonly createdAt: number;
  readonly deeds: Deed[];
}

/** A process: its client is shared by all that runs in it. */
interface Process {
  readonly client: WechatPayClient;
  isAlive: boolean;
}

export interface Shop {
  readonly world: World;
  readonly keeper: Keeper;
  readonly transport: Transport;
  readonly library: Library;
  process: Process | undefined;
  /** How far the client's clock is ahead of the world's. */
  skewMs: number;
  /** By how much it was set so far, to whichever side. */
  setMs: number;
  /** What the clock does at its next call. */
  clockTrouble: (() => number) | undefined;
}

/** The functions that are judged: the core's, or others that promise the same. */
export type Library = Pick<
  typeof core,
  | 'payAndResolve'
  | 'resolveOrder'
  | 'resumeResolution'
  | 'quickPay'
  | 'queryOrder'
  | 'reverseOrder'
  | 'refundOrder'
  | 'queryRefund'
>;

const never = new Promise<never>(() => undefined);

/** Does one act after another, and has each judged as it ends. */
export async function live(life: Life, shop: Shop, judge: (life: Life) => void): Promise<void> {
  let stored: ResolutionState | undefined;
  for (const act of life.story.acts) {
    const deed = await perform(life, act, shop, stored, (state) => {
      stored = JSON.parse(JSON.stringify(state)) as ResolutionState;
    });
    life.deeds.push(deed);
    judge(life);
    const { trouble } = act;
    if (trouble && 'pauseMs' in trouble) await shop.world.sleep(trouble.pauseMs);
  }
}

async function perform(
  life: Life,
  act: Act,
  shop: Shop,
  from: ResolutionState | undefined,
  store: (state: ResolutionState) => void,
): Promise<Deed> {
  const { world, keeper } = shop;
  const { trouble } = act;
  let thrown: unknown;
  const steps: { event: Step; word: Heard | undefined }[] = [];
  const note = (event: Step): void => {
    steps.push({ event, word: keeper.heardOf(life.outTradeNo).at(-1) });
  };
  let hungMs = 0;
  const setMs = shop.setMs;
  const clock = (): number => world.now + shop.skewMs;
  const startedAt = clock();
  const marks = [keeper.sent.length, keeper.heard.length] as const;
  const tell = (what: string): void => {
    const { now } = world;
    keeper.transcript.push(() => `${clockTime(now)} ${life.outTradeNo}: ${what}`);
  };
  tell(textOf(act));

  let die: (deed: Deed['ended']) => void = () => undefined;
  const death = new Promise<Deed['ended']>((resolve) => {
    die = resolve;
  });
  const process = (shop.process ??= startProcess(life.story, shop));
  const { client } = process;

  const controller = new AbortController();
  const timed =
    trouble && 'afterMs' in trouble
      ? world.in(trouble.afterMs, () => {
          if (trouble.trouble === 'aborts') {
            tell('aborts');
            controller.abort();
          } else if (trouble.trouble === 'dies') {
            tell('dies');
            process.isAlive = false;
            shop.process = undefined;
            dropTimers();
            die({ how: 'died' });
          } else {
            tell(`the clock jumps by ${trouble.byMs / 1000} s`);
            shop.skewMs += trouble.byMs;
            shop.setMs += Math.abs(trouble.byMs);
          }
        })
      : undefined;
  let clockCalls = 0;
  const hasClockTrouble = trouble?.trouble === 'NaN' || (trouble?.trouble === 'throws' && trouble.callback === 'clock');
  if (hasClockTrouble) {
    shop.clockTrouble = () => {
      // The client's queue reads it too, tells nobody, and goes by its last reading: the driver's readings are what counts.
      const isOfDriver = new Error().stack?.includes('resolution/callbacks') === true;
      if (!isOfDriver || clockCalls++ !== trouble.nth) return clock();
      tell(trouble.trouble === 'NaN' ? 'the clock says NaN' : 'the clock throws');
      if (trouble.trouble === 'NaN') return NaN;
      thrown = new Error('the clock');
      throw thrown;
    };
  }
  const counts: Record<string, number> = {};
  const callback = async (name: 'onUnclear' | 'onStep' | 'wait'): Promise<void> => {
    const count = (counts[name] = (counts[name] ?? -1) + 1);
    if (!trouble || !('callback' in trouble) || trouble.callback !== name || trouble.nth !== count) return;
    if (trouble.trouble === 'throws') {
      tell(`${name} throws`);
      thrown = new Error(name);
      throw thrown;
    }
    tell(`${name} takes ${trouble.ms / 1000} s`);
    hungMs += trouble.ms;
    await world.sleep(trouble.ms);
    if (!process.isAlive) await never;
  };
  const deadline = act.deadlineMs === undefined ? undefined : startedAt + act.deadlineMs;
  const options = {
    ...act.policy,
    ...(act.does === 'return' && { ifPaid: 'reverse' as const }),
    ...(deadline !== undefined && { deadline: new Date(deadline) }),
    signal: controller.signal,
    onStep: async ({ event, state }: core.TakenStep) => {
      note(event);
      await callback('onStep');
      store(state);
    },
    ...(act.hints && {
      onStart: (run: core.ResolutionRun) => {
        for (const hint of act.hints ?? []) {
          world.in(hint.afterMs, () => {
            if (process.isAlive) hear(hint, run);
          });
        }
      },
    }),
    ...(act.waits && {
      wait: async (until: number, signal?: AbortSignal) => {
        await callback('wait');
        if (signal?.aborted) return;
        await new Promise<void>((resolve) => {
          const end = (): void => {
            signal?.removeEventListener('abort', end);
            world.cancel(timer);
            resolve();
          };
          const timer = world.in(until - clock(), end);
          signal?.addEventListener('abort', end);
        });
        if (!process.isAlive) await never;
      },
    }),
  };

  const hear = ({ says }: Hint, run: core.ResolutionRun): void => {
    const mine = keeper.order(life.outTradeNo);
    const order =
      says === "another's" ? Object.assign(new Order('B9', '42000B9'), { amount: 888, currency: 'HKD' }) : mine;
    if (says === 'genuine' && order.standing !== 'paid') return;
    tell(`a hint: ${says}`);
    if (says === 'phone') {
      run.askNow();
      return;
    }
    const parties = { return_code: 'SUCCESS', result_code: 'SUCCESS', appid: 'wx2421b1c4370ec43b', mch_id: '10000100' };
    const subMerchant = life.story.subMerchantId === undefined ? {} : { sub_mch_id: life.story.subMerchantId };
    const fields = { ...parties, ...subMerchant, nonce_str: 'n1', ...payment(order) };
    const body = write(signed(fields, says === 'forged' ? 'x'.repeat(32) : API_KEY));
    try {
      const { outTradeNo } = core.readPaymentNotification(client, body);
      if (says === 'forged') throw new Breach('a forged notification is no hint', 'it was read');
      if (outTradeNo === life.outTradeNo) run.askNow();
    } catch (error) {
      if (!(error instanceof core.WechatPayError) || says !== 'forged') throw error;
    }
  };

  const work = (): Promise<unknown> =>
    call(shop.library, client, life, act, options, from, async (error) => {
      note({ kind: 'unclear', error });
      await callback('onUnclear');
    });
  const ended = await Promise.race([
    death,
    // What is thrown before anything is awaited counts as well.
    Promise.resolve()
      .then(work)
      .then(
        (result): Deed['ended'] => ({ how: 'result', result }),
        (error: unknown): Deed['ended'] => ({ how: 'error', error }),
      ),
  ]);
  if (timed) world.cancel(timed);
  if (hasClockTrouble) shop.clockTrouble = undefined;
  if (ended.how === 'result') {
    const { state } = Object(ended.result) as { state?: ResolutionState };
    if (state) store(state);
  }
  tell(`ends: ${textOfEnd(ended)}`);
  return {
    act,
    startedAt,
    endedAt: clock(),
    deadline,
    from,
    sent: [marks[0], keeper.sent.length],
    heard: [marks[1], keeper.heard.length],
    ended,
    steps,
    thrown,
    hungMs,
    isAborted: controller.signal.aborted,
    jumpedMs: shop.setMs - setMs,
  };
}

type Options = core.ResolveOrderOptions & core.PayAndResolveOptions;

async function call(
  library: Library,
  client: WechatPayClient,
  life: Life,
  act: Act,
  { ...options }: Options,
  from: ResolutionState | undefined,
  onUnclear: (error: core.WechatPayError) => Promise<void>,
): Promise<unknown> {
  const { outTradeNo, createdAt, story } = life;
  const { totalFee, currency } = story;
  const given = (of: Wrong['of']): object => (act.wrong?.of === of ? { [act.wrong.property]: act.wrong.value } : {});
  Object.assign(options, given('options'));
  const { signal } = options;
  const order = {
    outTradeNo,
    orderCreatedAt: new Date(createdAt),
    ...(story.product && { product: story.product }),
    ...(story.timeExpireMs !== undefined && { timeExpire: new Date(createdAt + story.timeExpireMs) }),
    ...(totalFee !== undefined && { totalFee }),
    ...(currency !== undefined && { currency }),
    ...given('order'),
  };
  const request = { ...paymentOf(life), ...given('order') };
  switch (act.does) {
    case 'pay': {
      const { ifPaid: _, refundWhenExpired: __, ifAmountDiffers: ___, ...rest } = options;
      return library.payAndResolve(client, request, { ...rest, onUnclear });
    }
    case 'resolve':
      return library.resolveOrder(client, order, options);
    case 'go on':
    case 'return':
      return from ? library.resumeResolution(client, from, options) : library.resolveOrder(client, order, options);
    case 'quick pay':
      return library.quickPay(client, request, { signal });
    case 'query':
      return library.queryOrder(client, { outTradeNo }, { signal });
    case 'reverse':
      return library.reverseOrder(client, { outTradeNo }, { signal });
    case 'close':
      return core.closeOrder(client, { outTradeNo, orderCreatedAt: new Date(createdAt) }, { signal });
    case 'refund':
      return library.refundOrder(
        client,
        { outTradeNo, outRefundNo: 'by-hand', totalFee: 888, refundFee: 888 },
        { signal },
      );
    case 'query refund':
      return library.queryRefund(client, { outTradeNo }, { signal });
  }
}

function paymentOf({ outTradeNo, story: { currency } }: Life): core.QuickPayRequest {
  return {
    outTradeNo,
    body: 'tea',
    totalFee: 888,
    ...(currency !== undefined && { currency }),
    authCode: '134567890123456789',
    spbillCreateIp: '203.0.113.7',
    attach: 'till 4',
  };
}

/** What is under way in a process that dies never comes back to it. */
function startProcess({ subMerchantId }: Pick<Story, 'subMerchantId'>, shop: Shop): Process {
  const transport: Transport = (request) =>
    new Promise((resolve, reject) => {
      shop.transport(request).then(
        (response) => {
          if (process.isAlive) resolve(response);
        },
        (error: unknown) => {
          if (process.isAlive) reject(error instanceof Error ? error : new Error(String(error)));
        },
      );
    });
  const client = new core.WechatPayClient({
    appId: 'wx2421b1c4370ec43b',
    merchantId: '10000100',
    apiKey: API_KEY,
    ...(subMerchantId !== undefined && { subMerchantId }),
    now: () => shop.clockTrouble?.() ?? shop.world.now + shop.skewMs,
    transport,
  });
  const process: Process = { client, isAlive: true };
  return process;
}

function textOf({ does, policy, deadlineMs, trouble, wrong }: Act): string {
  const given = {
    ...policy,
    ...(wrong && { [`wrong ${wrong.of}.${wrong.property}`]: inspect(wrong.value) }),
    ...(deadlineMs !== undefined && { deadline: `+${deadlineMs / 1000} s` }),
  };
  const text = Object.keys(given).length > 0 ? ` ${JSON.stringify(given)}` : '';
  return `${does}${text}${trouble ? ` (${JSON.stringify(trouble)})` : ''}`;
}

function textOfEnd(ended: Deed['ended']): string {
  if (ended.how === 'error') return String(ended.error);
  if (ended.how !== 'result') return ended.how;
  const { outcome, tradeState } = Object(ended.result) as Partial<PaymentResult> & { tradeState?: string };
  return JSON.stringify(outcome ?? tradeState ?? 'a result');
}
