// Over 250 lines, as one idea: a shop of two processes whose store and gateway do what they like.
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { WechatPayClient, WechatPayTransportError, type Transport } from 'wechatpay-core';
import { createGateway } from '../../../wechatpay-core/test/truth/gateway.js';
import { PLAIN, type Turn } from '../../../wechatpay-core/test/truth/grammar.js';
import { QUICK_PAY_PAGE } from '../../../wechatpay-core/test/truth/pages.js';
import { read } from '../../../wechatpay-core/test/truth/wire.js';
import type { World } from '../../../wechatpay-core/test/truth/time.js';
import { DurableOrders, durableOrderId, type ResolvedOrder } from '../../src/index.js';
import { truthOf, type Chronicle, type Deed, type Life, type Telling } from './chronicle.js';
import { doing, Fate, Process } from './process.js';
import { StoryStore } from './store.js';
import type { Act, Seat } from './story.js';

const API_KEY = '192006250b4c09247ec02edce69f6a2d';
export const MERCHANT_ID = '10000100';
/** Until then, a charge that has left may arrive; later, WeChat Pay does not take it. */
const CHARGEABLE_MS = 44_000;

/** Whoever sits at a seat now. */
interface Seated {
  readonly seat: Seat;
  readonly fate: Fate;
  process: Process;
  durableOrders: DurableOrders;
}

/** Two processes on one store, and who acts there. */
export class Shop {
  readonly #chronicle: Chronicle;
  readonly #world: World;
  readonly #tell: (what: string) => void;
  readonly #turns: Map<string, Turn[]>;
  readonly #seated: Seated[] = [];
  readonly #all: { process: Process; durableOrders: DurableOrders }[] = [];
  readonly #restarts: Promise<void>[] = [];
  #capMs = Infinity;
  #isOver = false;

  constructor(chronicle: Chronicle, world: World, tell: (what: string) => void) {
    this.#chronicle = chronicle;
    this.#world = world;
    this.#tell = tell;
    this.#turns = new Map(chronicle.lives.map(({ outTradeNo, story }) => [outTradeNo, [...story.turns]]));
  }

  async open(): Promise<void> {
    for (const [index, seat] of this.#chronicle.story.seats.entries()) {
      const fate = new Fate(seat.troubles);
      this.#seated.push({ seat, fate, ...this.#seatAnew(index, seat, fate) });
      await this.#seated[index]!.durableOrders.start({ work: seat.works });
    }
  }

  /** Does one act after another, each at its time, whether or not the one before has ended. */
  async act(): Promise<void> {
    const acts: Promise<void>[] = [];
    for (const [index, act] of this.#chronicle.story.acts.entries()) {
      if (index > 0) await this.#world.sleep(act.afterMs);
      acts.push(this.#perform(act, index));
    }
    await Promise.all(acts);
  }

  async recover(): Promise<void> {
    for (const { fate } of this.#seated) fate.end();
    while (this.#restarts.length > 0) await this.#restarts.shift();
  }

  get isUnderWay(): boolean {
    return this.#chronicle.keeper.sent.some(({ isUnderWay }) => isUnderWay);
  }

  async close(): Promise<void> {
    this.#isOver = true;
    for (const { process } of this.#all) if (!process.isAlive) process.bury();
    await Promise.all(this.#all.map(({ durableOrders }) => durableOrders.stop()));
  }

  #seatAnew(index: number, seat: Seat, fate: Fate): { process: Process; durableOrders: DurableOrders } {
    const chronicle = this.#chronicle;
    const { store, keeper } = chronicle;
    const process: Process = new Process({
      world: this.#world,
      name: `P${index + 1}`,
      fate,
      tell: this.#tell,
      onOutOfTouch: (forMs) => {
        chronicle.hinderedMs += forMs;
        store.outOfTouch(process);
      },
      onDeath: (forMs) => {
        chronicle.deaths += 1;
        chronicle.hinderedMs += forMs;
        store.outOfTouch(process);
        this.#restarts.push(this.#restart(index, forMs));
      },
    });
    const client = new WechatPayClient({
      appId: 'wx2421b1c4370ec43b',
      merchantId: seat.isForeign ? '10000999' : MERCHANT_ID,
      apiKey: API_KEY,
      now: () => this.#world.now + seat.skewMs,
      transport: this.#transport(index, process, seat),
    });
    const durableOrders = new DurableOrders({
      store: new StoryStore(store, process, () => keeper.heard.length),
      clients: client,
      concurrency: 4,
      onResolved: (resolved) => this.#beTold(process, resolved),
    });
    this.#all.push({ process, durableOrders });
    return { process, durableOrders };
  }

  async #restart(index: number, afterMs: number): Promise<void> {
    await this.#world.sleep(afterMs);
    const seated = this.#seated[index]!;
    this.#tell(`P${index + 1} starts again`);
    Object.assign(seated, this.#seatAnew(index, seated.seat, seated.fate));
    await seated.durableOrders.start({ work: seated.seat.works });
  }

  async #beTold(process: Process, resolved: ResolvedOrder): Promise<void> {
    const { outTradeNo } = resolved.order;
    this.#tell(`${process.name}: onResolved: ${outTradeNo} end ${resolved.end}: ${JSON.stringify(resolved.outcome)}`);
    const telling: Telling = { ...this.#moment(outTradeNo), resolved, isTaken: false };
    this.#chronicle.tellings.push(telling);
    await process.reach('tell', () => {
      telling.isTaken = true;
    });
  }

  #transport(index: number, process: Process, { skewMs }: Seat): Transport {
    const { keeper, lives, left } = this.#chronicle;
    const gateway = createGateway({
      world: this.#world,
      keeper,
      apiKey: API_KEY,
      clock: () => this.#world.now + skewMs,
      roleOf: (outTradeNo) => {
        const { story } = lives.find((life) => life.outTradeNo === outTradeNo)!;
        const { scene, totalFee, currency } = story;
        return { scene, totalFee, currency, nextTurn: () => this.#nextTurn(outTradeNo) };
      },
    });
    return (request) =>
      process.reach('send', async () => {
        const { path, body, signal } = request;
        // The time-out ran out while it stood still.
        if (signal.aborted) throw new WechatPayTransportError('WECHATPAY_CONNECTION', 'closed.', 'not-sent');
        const { out_trade_no: outTradeNo = '' } = read(body);
        const { createdAt } = lives.find((life) => life.outTradeNo === outTradeNo)!;
        this.#capMs = path === QUICK_PAY_PAGE.path ? createdAt + CHARGEABLE_MS - this.#world.now : Infinity;
        const by = doing.getStore();
        const moment = this.#moment(outTradeNo);
        const sentBefore = keeper.sent.length;
        const answer = gateway(request);
        if (keeper.sent.length > sentBefore) {
          const heardFrom = by?.heardFrom ?? keeper.heard.length;
          left.push({ ...moment, path, by, heardFrom, heardTo: keeper.heard.length, seat: index });
        }
        return answer;
      });
  }

  #nextTurn(outTradeNo: string): Turn {
    const turn = this.#turns.get(outTradeNo)?.shift() ?? PLAIN;
    if (turn.jump?.jump === 'reopens') this.#chronicle.reopened.push({ outTradeNo, at: this.#world.now });
    return { ...turn, thereMs: Math.max(1, Math.min(turn.thereMs, this.#capMs)) };
  }

  #moment(outTradeNo: string): Pick<Telling, 'at' | 'outTradeNo' | 'truth' | 'row'> {
    const { keeper, store } = this.#chronicle;
    const row = store.get(durableOrderId({ merchantId: MERCHANT_ID, outTradeNo }));
    return { at: this.#world.now, outTradeNo, truth: truthOf(keeper, outTradeNo), row };
  }

  async #perform(act: Act, index: number): Promise<void> {
    const life = this.#chronicle.lives[act.order]!;
    const { outTradeNo } = life;
    const deed: Deed = { act, index, outTradeNo, startedAt: this.#world.now, ended: undefined };
    this.#chronicle.deeds.push(deed);
    // Who is not there, or has another merchant's client, asks at the other till.
    const seated = [this.#seated[act.seat]!, this.#seated[1 - act.seat]!].find(
      ({ process, seat }) => process.isAlive && !(seat.isForeign && act.does !== 'stop'),
    );
    if (!seated) {
      deed.ended = { how: 'nobody there' };
      return;
    }
    const { process } = seated;
    const tell = (what: string): void => {
      this.#tell(`${process.name}: ${what}`);
    };
    tell(`${act.does} ${outTradeNo} ${JSON.stringify(act.policy)}`);
    const { keeper } = this.#chronicle;
    const isFirst = !this.#chronicle.deeds.some((other) => other !== deed && other.outTradeNo === outTradeNo);
    if (act.does === 'pay' && isFirst) life.createdAt = this.#world.now;
    const work = doing.run({ kind: 'act', index, heardFrom: keeper.heard.length }, () => this.#do(act, life, seated));
    const ended = work.then(
      (result) => ({ how: 'result' as const, result, ...this.#moment(outTradeNo) }),
      (error: unknown) => ({ how: 'error' as const, error, ...this.#moment(outTradeNo) }),
    );
    deed.ended = await Promise.race([ended, process.death.then(() => ({ how: 'died' as const }))]);
    tell(`${act.does} ${outTradeNo} ends: ${textOf(deed)}`);
  }

  async #do(act: Act, life: Life, { durableOrders, seat }: Seated): Promise<unknown> {
    const { outTradeNo, createdAt, story } = life;
    const { totalFee, currency } = story;
    const { policy } = act;
    const order = { outTradeNo };
    const deadline = act.deadlineMs === undefined ? undefined : new Date(this.#world.now + act.deadlineMs);
    const intent = { ...order, orderCreatedAt: new Date(createdAt), totalFee, currency, deadline, policy };
    switch (act.does) {
      case 'pay': {
        const { ifPaid: _, ...rest } = policy;
        const request = {
          ...order,
          body: 'tea',
          totalFee: 888,
          ...(currency !== undefined && { currency }),
          authCode: '134567890123456789',
          spbillCreateIp: '203.0.113.7',
        };
        const controller = new AbortController();
        if (act.abortsAfterMs !== undefined)
          void sleep(act.abortsAfterMs).then(() => {
            controller.abort();
          });
        return durableOrders.pay(request, { policy: rest, signal: controller.signal });
      }
      case 'enqueue':
        return durableOrders.enqueue(intent);
      case 'reverse':
        return durableOrders.reverse(intent);
      case 'cancel':
        return durableOrders.cancel(order);
      case 'hasten':
        return durableOrders.hasten(order);
      case 'redrive':
        return durableOrders.redrive(order, { deadline, policy });
      case 'get':
        return durableOrders.get(order);
      case 'stop':
        await durableOrders.stop();
        await sleep(act.afterMs);
        if (!this.#isOver) await durableOrders.start({ work: seat.works });
        return;
    }
  }
}

function textOf({ ended }: Deed): string {
  if (ended === undefined) return '';
  if (ended.how === 'error') return String(ended.error);
  if (ended.how !== 'result') return ended.how;
  const { outcome = ended.result } = Object(ended.result) as { outcome?: unknown };
  return inspect(outcome, { breakLength: Infinity }).slice(0, 300);
}
