// Over 250 lines, as one idea: when a call may leave, waits, or is refused is one decision over one state. What it is made of (lanes,
// limits, the circuit, the pace of the gateway) stands in files of its own.
import { Circuit } from './circuit.js';
import { systemClock, type QueueClock } from './clock.js';
import { KnownLimit } from './known-limit.js';
import { Lane, type Flight, type Refusal, type WaitingCall } from './lane.js';
import type { CallLimiter, CallQueueOptions, FlightEnd, QueueState } from './queue-state.js';
import { mayWaitMs, ServiceTime, type GatewayPace } from './service-time.js';
import { WaitingCalls } from './waiting-calls.js';

/** A new call is taken where it would probably wait at most this share of what it may: the rest is for a gateway that slows down. */
const ADMIT_SHARE = 0.5;
/** Opening a connection may always take this share of `timeoutMs`: one call that was not answered must not stop the next. */
const CONNECT_SHARE = 1 / 8;
const RETRY_AT_LEAST_MS = 50;
/** How much faster refused calls come back than the gateway answers: not much, since refusing costs about as much as sending. */
const RETRY_SPEED = 1.25;
/** Refused calls are spread over so long, or `timeoutMs`: very many callers would take the processor from those that are answered. */
const RETRY_WITHIN_MS = 5_000;
/** While calls wait, late ones are looked for at least this often: silence makes them late without any event. */
const LOOK_EVERY_MS = 50;
/** Beyond so many lanes (merchants times operations), those without calls are forgotten. */
const MAX_LANES = 1_000;

/**
 * Decides when a call may leave, so that what leaves can be answered in time: at most `maxConnections` are under way, the others
 * wait here, in order, and are refused where they cannot leave early enough. It touches no socket.
 */
export class CallQueue {
  readonly #options: CallQueueOptions;
  readonly #clock: QueueClock;
  readonly #lanes = new Map<string, Lane>();
  readonly #known = new Map<string, KnownLimit>();
  readonly #waiting = new WaitingCalls();
  readonly #circuit = new Circuit();
  readonly #serviceTime = new ServiceTime();
  /** In the order in which they left. */
  readonly #inFlight = new Set<Flight>();
  /** Calls that hold a connection while the limiter is asked. */
  #asking = 0;
  #lastAnswerAt = -Infinity;
  #lastRetryAt = -Infinity;
  /** When late calls are looked for next. */
  #lookAt = Infinity;

  constructor(options: CallQueueOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    for (const [operation, perSecond] of options.limits ?? []) this.#known.set(operation, new KnownLimit(perSecond));
  }

  lane(merchantId: string, operation: string, isUrgent: boolean): Lane {
    const key = `${merchantId} ${operation}`;
    let lane = this.#lanes.get(key);
    if (lane === undefined) {
      if (this.#lanes.size >= MAX_LANES) this.#forgetIdleLanes();
      lane = new Lane(merchantId, operation, isUrgent, this.#known.get(operation));
      this.#lanes.set(key, lane);
    }
    return lane;
  }

  /** Leaves at once where nothing is in the way, as nearly always; else undefined, and {@link wait} is next. */
  tryLeave(lane: Lane): Flight | undefined {
    if (this.#waiting.size > 0 || !this.#circuit.isClosed || this.#options.limiter || !this.#hasConnection()) {
      return undefined;
    }
    const now = this.#clock.now();
    return lane.readyInMs(now) === 0 ? this.#leave(lane, now) : undefined;
  }

  /**
   * Waits for a turn. One of the two functions is called, once; perhaps before this returns.
   *
   * @returns takes the call out of the queue; without effect where it has left or was refused.
   */
  wait(lane: Lane, leave: (flight: Flight) => void, refuse: (refusal: Refusal | 'closed') => void): () => void {
    const now = this.#clock.now();
    const call: WaitingCall = { lane, enteredAt: this.#clock.stopwatch(), leave, refuse, isAsking: false };
    const probeInMs = this.#circuit.isClosed ? undefined : this.#circuit.probeInMs(now, lane.isUrgent);
    const refusal = probeInMs === undefined ? this.#refusalFor(lane, now) : whileOpen(probeInMs, this.#hasConnection());
    if (refusal) refuse(refusal);
    else if (probeInMs !== undefined) leave(this.#leave(lane, now));
    else {
      this.#waiting.add(call);
      this.#advance(now);
    }
    return () => {
      if (this.#takeOut(call)) this.#advance(this.#clock.now());
    };
  }

  /**
   * Asked again where a connection had to be opened, which takes a while: whether it is too late for the first byte now.
   *
   * @param waitedMs since the call began, in the queue and for the connection.
   */
  tooLate({ lane, isProbe }: Flight, waitedMs: number): Refusal | undefined {
    const now = this.#clock.now();
    const pace = this.#pace(lane, now);
    // Of the silence of an outage a probe is to find the end.
    const { timeoutMs } = this.#options;
    const mayMs = mayWaitMs(timeoutMs, isProbe ? { ...pace, silenceMs: 0 } : pace);
    if (waitedMs <= Math.max(mayMs, timeoutMs * CONNECT_SHARE)) return undefined;
    return { reason: 'gateway-slow', retryAfterMs: this.#retryAfterMs(0, now) };
  }

  /** The call is over, and its connection free. */
  end(flight: Flight, how: FlightEnd): void {
    if (!this.#inFlight.delete(flight)) return;
    const { lane, leftAt, isProbe } = flight;
    const now = this.#clock.now();
    lane.inFlight -= 1;
    if (isProbe) this.#circuit.probeEnded();
    if (how === 'answered' || how === 'throttled') this.#answered(flight, how, now);
    else if (how !== 'abandoned') this.#failed(lane, how, now - leftAt, now);
    if (this.#waiting.size > 0) this.#advance(now);
  }

  /** Ends the calls that wait: none of them leaves. Whose client is closed makes no further ones. */
  close(): void {
    for (const call of this.#everyoneWaiting()) this.#refuse(call, 'closed');
  }

  state(): QueueState {
    const now = this.#clock.now();
    const { typicalMs, slowestMs } = this.#serviceTime.pace(now, 0);
    const throttled = [...this.#lanes.values()].flatMap(({ merchantId, operation, learnt }) => {
      const perSecond = learnt.perSecond(now);
      return perSecond === undefined ? [] : [{ merchantId, operation, perSecond }];
    });
    const circuit = this.#circuit.state(now);
    return { inFlight: this.#inFlight.size, waiting: this.#waiting.size, circuit, typicalMs, slowestMs, throttled };
  }

  #hasConnection(): boolean {
    return this.#inFlight.size + this.#asking < this.#options.maxConnections;
  }

  #leave(lane: Lane, leftAt: number): Flight {
    const isProbe = !this.#circuit.isClosed;
    if (isProbe) this.#circuit.probeLeft(leftAt);
    const flight = { lane, leftAt, isProbe };
    this.#inFlight.add(flight);
    lane.inFlight += 1;
    lane.known?.left(leftAt);
    lane.learnt.left(leftAt);
    return flight;
  }

  #answered({ lane, leftAt }: Flight, how: 'answered' | 'throttled', now: number): void {
    this.#lastAnswerAt = now;
    if (this.#circuit.answered()) {
      // What was measured during the outage says nothing of now.
      this.#serviceTime.clear();
      for (const each of this.#lanes.values()) each.serviceTime.clear();
      this.#options.onChange?.({ kind: 'circuit', ...this.#circuit.state(now) });
    }
    this.#measured(lane, now - leftAt, now);
    if (how === 'answered') lane.learnt.accepted(now);
    else if (lane.learnt.refused(leftAt, now)) {
      const { merchantId, operation, learnt } = lane;
      const perSecond = learnt.perSecond(now) ?? 0;
      this.#options.onChange?.({ kind: 'throttled', merchantId, operation, perSecond });
    }
  }

  #failed(lane: Lane, how: 'no-answer' | 'no-connection', tookMs: number, now: number): void {
    if (how === 'no-answer') this.#measured(lane, tookMs, now);
    if (!this.#circuit.failed(how, now)) return;
    this.#options.onChange?.({ kind: 'circuit', ...this.#circuit.state(now) });
    const retryAfterMs = Math.ceil(this.#circuit.probeInMs(now, false));
    for (const waiting of this.#everyoneWaiting()) this.#refuse(waiting, { reason: 'circuit-open', retryAfterMs });
  }

  #everyoneWaiting(): WaitingCall[] {
    return [...this.#waiting.lanes()].flatMap(({ waiting }) => [...waiting]);
  }

  #measured(lane: Lane, tookMs: number, now: number): void {
    this.#serviceTime.add(tookMs, now);
    lane.serviceTime.add(tookMs, now);
  }

  /** By the answers to this operation, or where it has none, to any. */
  #pace(lane: Lane | undefined, now: number): GatewayPace {
    const [oldest] = this.#inFlight;
    const silenceMs = oldest === undefined ? 0 : Math.max(0, now - Math.max(oldest.leftAt, this.#lastAnswerAt));
    const own = lane?.serviceTime.pace(now, silenceMs);
    return own?.slowestMs === undefined ? this.#serviceTime.pace(now, silenceMs) : own;
  }

  /** Whether a new call would probably leave too late, or finds the queue full. A call that may leave now is never refused. */
  #refusalFor(lane: Lane, now: number): Refusal | undefined {
    const readyInMs = lane.readyInMs(now);
    const ahead = this.#waiting.ahead(lane);
    if (readyInMs === 0 && ahead === 0 && this.#hasConnection()) return undefined;
    const mayMs = mayWaitMs(this.#options.timeoutMs, this.#pace(lane, now)) * ADMIT_SHARE;
    const waitMs = this.#waitMs(ahead, now);
    if (waitMs > mayMs) return { reason: 'gateway-slow', retryAfterMs: this.#retryAfterMs(waitMs - mayMs, now) };
    if (readyInMs > mayMs) return { reason: 'throttled', retryAfterMs: this.#retryAfterMs(readyInMs - mayMs, now) };
    if (this.#waiting.size < this.#options.maxQueued) return undefined;
    const replaced = this.#waiting.replaceableBy(lane);
    if (replaced === undefined) return { reason: 'queue-full', retryAfterMs: this.#retryAfterMs(0, now) };
    this.#refuse(replaced, { reason: 'queue-full', retryAfterMs: this.#retryAfterMs(0, now) });
    return undefined;
  }

  /**
   * When another try makes sense: not before `inMs`, and each refused call somewhat later than the one before, somewhat faster
   * than the gateway answers. Were all told the same time, they would all come back at once, and nearly all be refused again.
   */
  #retryAfterMs(inMs: number, now: number): number {
    const { maxConnections, timeoutMs } = this.#options;
    const { typicalMs = 0 } = this.#pace(undefined, now);
    const earliest = now + Math.max(inMs, RETRY_AT_LEAST_MS);
    const next = this.#lastRetryAt + typicalMs / maxConnections / RETRY_SPEED;
    this.#lastRetryAt = next < earliest || next > earliest + Math.max(timeoutMs, RETRY_WITHIN_MS) ? earliest : next;
    return Math.ceil(this.#lastRetryAt - now);
  }

  /** How long a call with so many ahead of it will probably wait: until as many of those under way are answered. */
  #waitMs(ahead: number, now: number): number {
    const { maxConnections } = this.#options;
    const { typicalMs, silenceMs } = this.#pace(undefined, now);
    if (typicalMs === undefined) return 0;
    const tookMs = Math.max(typicalMs, silenceMs);
    const rounds = Math.floor(ahead / maxConnections);
    let index = ahead % maxConnections;
    for (const { leftAt } of this.#inFlight) {
      if (index === 0) return Math.max(0, leftAt + tookMs - now) + rounds * tookMs;
      index -= 1;
    }
    return rounds * tookMs;
  }

  /** Refuses whom it is too late for, and lets leave whose turn it is. */
  #advance(now: number): void {
    this.#refuseLate(now);
    const isReady = (lane: Lane): boolean => lane.waiting.size > lane.asking && lane.readyInMs(now) === 0;
    while (this.#hasConnection()) {
      const lane = this.#waiting.take(isReady);
      if (lane === undefined) break;
      for (const call of lane.waiting) {
        if (call.isAsking) continue;
        if (this.#options.limiter) void this.#ask(call, this.#options.limiter);
        else this.#letGo(call, now);
        break;
      }
    }
    this.#lookAgain(now);
  }

  #letGo(call: WaitingCall, now: number): void {
    if (this.#takeOut(call)) call.leave(this.#leave(call.lane, now));
  }

  async #ask(call: WaitingCall, limiter: CallLimiter): Promise<void> {
    const { lane } = call;
    call.isAsking = true;
    lane.asking += 1;
    this.#asking += 1;
    let waitMs = 0;
    try {
      waitMs = await limiter({ merchantId: lane.merchantId, operation: lane.operation });
    } catch (error) {
      this.#options.onChange?.({ kind: 'limiter-failed', error });
    }
    const now = this.#clock.now();
    this.#refuseLate(now);
    if (!lane.waiting.has(call)) return; // it was refused meanwhile, its caller aborted, or the client was closed
    if (waitMs > 0) {
      // No call waits longer than that, and the next one asks again.
      lane.pause(Math.min(waitMs, this.#options.timeoutMs), now);
      this.#stopAsking(call);
    } else {
      this.#letGo(call, now);
    }
    this.#advance(now);
  }

  #refuseLate(now: number): void {
    const { timeoutMs } = this.#options;
    const time = this.#clock.stopwatch();
    for (const lane of [...this.#waiting.lanes()]) {
      const mayMs = mayWaitMs(timeoutMs, this.#pace(lane, now));
      for (const call of lane.waiting) {
        if (time - call.enteredAt <= mayMs) break; // those behind it came later
        const reason = call.isAsking || this.#hasConnection() ? 'throttled' : 'gateway-slow';
        const waitMs = reason === 'throttled' ? lane.readyInMs(now) : this.#waitMs(this.#waiting.ahead(lane), now);
        this.#refuse(call, { reason, retryAfterMs: this.#retryAfterMs(waitMs - mayMs, now) });
      }
    }
  }

  #refuse(call: WaitingCall, refusal: Refusal | 'closed'): void {
    if (this.#takeOut(call)) call.refuse(refusal);
  }

  #takeOut(call: WaitingCall): boolean {
    this.#stopAsking(call);
    return this.#waiting.remove(call);
  }

  #stopAsking(call: WaitingCall): void {
    if (!call.isAsking) return;
    call.isAsking = false;
    call.lane.asking -= 1;
    this.#asking -= 1;
  }

  #lookAgain(now: number): void {
    if (this.#waiting.size === 0) return;
    let inMs = LOOK_EVERY_MS;
    if (this.#hasConnection()) {
      for (const lane of this.#waiting.lanes()) inMs = Math.min(inMs, lane.readyInMs(now));
    }
    const lookAt = now + Math.max(1, inMs);
    if (lookAt >= this.#lookAt) return;
    this.#lookAt = lookAt;
    this.#clock.after(lookAt - now, () => {
      if (this.#lookAt === lookAt) this.#lookAt = Infinity; // else another is due before
      this.#advance(this.#clock.now());
    });
  }

  #forgetIdleLanes(): void {
    const now = this.#clock.now();
    for (const [key, lane] of this.#lanes) {
      if (lane.isIdle && lane.learnt.perSecond(now) === undefined) this.#lanes.delete(key);
    }
  }
}

function whileOpen(probeInMs: number, hasConnection: boolean): Refusal | undefined {
  if (probeInMs === 0 && hasConnection) return undefined;
  return { reason: 'circuit-open', retryAfterMs: Math.ceil(Math.max(probeInMs, RETRY_AT_LEAST_MS)) };
}
