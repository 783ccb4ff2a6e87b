import { CallQueue } from '../src/transport/queue/call-queue.js';
import type { QueueClock } from '../src/transport/queue/clock.js';
import type { Flight, Refusal } from '../src/transport/queue/lane.js';
import { type CallQueueOptions } from '../src/transport/queue/queue-state.js';

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

/** A clock that jumps from timer to timer; a binary heap of them. */
class VirtualClock implements QueueClock {
  #now = 0;
  #order = 0;
  readonly #timers: Timer[] = [];

  now(): number {
    return this.#now;
  }

  stopwatch(): number {
    return this.#now;
  }

  after(ms: number, run: () => void): void {
    const timers = this.#timers;
    let index = timers.push({ at: this.#now + Math.max(0, ms), order: (this.#order += 1), run }) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!isBefore(timers[index]!, timers[parent]!)) break;
      [timers[index], timers[parent]] = [timers[parent]!, timers[index]!];
      index = parent;
    }
  }

  /** Runs what is due until then. */
  runUntil(at: number): void {
    while (this.#timers[0] !== undefined && this.#timers[0].at <= at) {
      const timer = this.#takeFirst();
      this.#now = Math.max(this.#now, timer.at);
      timer.run();
    }
    this.#now = Math.max(this.#now, at);
  }

  #takeFirst(): Timer {
    const timers = this.#timers;
    const first = timers[0]!;
    const last = timers.pop()!;
    if (timers.length === 0) return first;
    timers[0] = last;
    for (let index = 0; ;) {
      let least = index;
      for (const child of [2 * index + 1, 2 * index + 2]) {
        if (child < timers.length && isBefore(timers[child]!, timers[least]!)) least = child;
      }
      if (least === index) return first;
      [timers[index], timers[least]] = [timers[least]!, timers[index]!];
      index = least;
    }
  }
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

/** A call of the simulation, and what became of it. */
export interface SimulatedCall {
  readonly id: number;
  readonly merchantId: string;
  readonly operation: string;
  readonly enteredAt: number;
  leftAt?: number;
  /** How long the gateway took, or would have taken. */
  tookMs?: number;
  endedAt?: number;
  outcome?: 'answered' | 'throttled' | 'unknown' | 'refused' | 'aborted' | 'closed';
  refusal?: Refusal;
}

export interface SimulatedGateway {
  /** How long it takes to answer a call that arrives now; Infinity: it never does. */
  readonly serviceMs: (call: SimulatedCall, now: number) => number;
  /** Refuses a call that arrives now for frequency. */
  readonly isTooOften?: (call: SimulatedCall, now: number) => boolean;
}

/** The queue before a gateway, in virtual time. It keeps every call. */
export class Simulation {
  readonly clock = new VirtualClock();
  readonly calls: SimulatedCall[] = [];
  readonly queue: CallQueue;
  /** The most calls that were under way, and that waited, at once. */
  mostInFlight = 0;
  mostWaiting = 0;
  readonly #gateway: SimulatedGateway;
  readonly #timeoutMs: number;
  #inFlight = 0;

  constructor(gateway: SimulatedGateway, options: Omit<CallQueueOptions, 'clock'>) {
    this.#gateway = gateway;
    this.#timeoutMs = options.timeoutMs;
    this.queue = new CallQueue({ ...options, clock: this.clock });
  }

  /** Makes a call. @returns aborts it while it waits. */
  call(
    merchantId: string,
    operation: string,
    isUrgent: boolean,
    onEnd: (call: SimulatedCall) => void = () => undefined,
  ): () => void {
    const call: SimulatedCall = { id: this.calls.length, merchantId, operation, enteredAt: this.clock.now() };
    this.calls.push(call);
    const end = (outcome: NonNullable<SimulatedCall['outcome']>): void => {
      if (call.outcome !== undefined) throw new Error(`call ${call.id} ended twice`);
      call.outcome = outcome;
      call.endedAt = this.clock.now();
      onEnd(call);
    };
    const leave = (flight: Flight): void => {
      this.#send(call, flight, end);
    };
    const lane = this.queue.lane(merchantId, operation, isUrgent);
    const flight = this.queue.tryLeave(lane);
    if (flight) {
      leave(flight);
      return () => undefined;
    }
    const cancel = this.queue.wait(lane, leave, (refusal) => {
      if (refusal !== 'closed') call.refusal = refusal;
      end(refusal === 'closed' ? 'closed' : 'refused');
    });
    this.mostWaiting = Math.max(this.mostWaiting, this.queue.state().waiting);
    return () => {
      if (call.leftAt !== undefined || call.outcome !== undefined) return;
      cancel();
      end('aborted');
    };
  }

  #send(call: SimulatedCall, flight: Flight, end: (outcome: NonNullable<SimulatedCall['outcome']>) => void): void {
    const now = this.clock.now();
    if (call.outcome !== undefined) throw new Error(`call ${call.id} leaves after its end`);
    if (call.leftAt !== undefined) throw new Error(`call ${call.id} leaves twice`);
    call.leftAt = now;
    this.#inFlight += 1;
    this.mostInFlight = Math.max(this.mostInFlight, this.#inFlight);
    const isThrottled = this.#gateway.isTooOften?.(call, now) ?? false;
    const tookMs = this.#gateway.serviceMs(call, now);
    call.tookMs = tookMs;
    const leftMs = call.enteredAt + this.#timeoutMs - now;
    const isAnswered = tookMs <= leftMs;
    this.clock.after(Math.min(tookMs, leftMs), () => {
      this.#inFlight -= 1;
      const outcome = !isAnswered ? 'unknown' : isThrottled ? 'throttled' : 'answered';
      this.queue.end(flight, outcome === 'unknown' ? 'no-answer' : outcome);
      end(outcome);
    });
  }
}

/** Callers that make one call after the other: at once after an answer, and after a pause where there was none. */
export function keepCalling(
  simulation: Simulation,
  { callers, pauseMs }: { callers: number; pauseMs: (call: SimulatedCall) => number },
): void {
  const next = (): void => {
    simulation.call('1900000109', '/pay/micropay', false, (call) => {
      const ms = call.outcome === 'answered' ? 0 : pauseMs(call);
      simulation.clock.after(ms, next);
    });
  };
  for (let caller = 0; caller < callers; caller += 1) next();
}
