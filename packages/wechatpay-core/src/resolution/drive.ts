import { setTimeout as sleep } from 'node:timers/promises';
import type { WechatPayClient } from '../client.js';
import { WechatPayRequestError } from '../errors.js';
import { readOnce } from '../call/given.js';
import { findUnknownProperty } from '../call/known-properties.js';
import { assertSignal } from '../call/signal.js';
import type { Callbacks, CallbackError } from './callbacks.js';
import { timeOf } from './start.js';
import type { Moment } from './state.js';

interface Wait {
  readonly kind: 'wait';
  readonly until: number;
}

interface Done<Outcome> {
  readonly kind: 'done';
  readonly outcome: Outcome;
}

/** A pure state machine, and how its calls are made. */
export interface Machine<State, Call extends { readonly kind: string }, Event, Outcome> {
  readonly nextStep: (state: State, now: number) => Wait | Done<Outcome> | Call;
  readonly takeStep: (
    client: WechatPayClient,
    state: State,
    step: Call,
    signal: AbortSignal | undefined,
  ) => Promise<Event>;
  readonly advance: (state: State, event: Event, moment: Moment) => State;
  /** The outcome of a run that stops before an end. */
  readonly unresolved: (state: State) => Outcome;
  /** What is stored of a state whose next call is certainly not made. */
  readonly setAside: (state: State) => State;
  /** The same state, to be asked for now: somebody says that something has happened. */
  readonly askNow: (state: State, now: number) => State;
}

/** A run that is under way. */
export interface ResolutionRun {
  /**
   * Asks WeChat Pay at once; of an order, at most once in `queryEveryMs`. Call it where a notification, or the customer's phone, tells
   * of the order or the refund. It is a hint: what counts is the answer of the query. Does nothing once the run has ended.
   */
  readonly askNow: () => void;
}

/** What a driver's options have in common. */
export interface RunOptions<Taken> {
  readonly signal?: AbortSignal | undefined;
  readonly onStep?: ((done: Taken) => Promise<void> | void) | undefined;
  readonly wait?: ((until: number, signal: AbortSignal | undefined) => Promise<void>) | undefined;
  readonly onStart?: ((run: ResolutionRun) => void) | undefined;
}

export const RUN_OPTIONS: readonly string[] = ['signal', 'deadline', 'onStep', 'wait', 'onStart'];

/**
 * Checks what a driver's options have in common.
 *
 * @param rules the policy's names, which are options as well.
 * @param more every other option.
 * @returns a plain copy of all options, and the common ones ready for {@link drive}.
 * @throws {WechatPayRequestError} an unknown option, or one that is invalid.
 */
export function readRunOptions<Taken, Options extends RunOptions<Taken> & { readonly deadline?: Date | undefined }>(
  given: Options,
  rules: readonly string[],
  more: readonly string[] = [],
): { readonly options: Options; readonly run: RunOptions<Taken>; readonly deadline: number | undefined } {
  const known = [...rules, ...RUN_OPTIONS, ...more];
  const options = readOnce(given, known, 'options');
  const unknown = findUnknownProperty(options, known);
  if (unknown) throw new WechatPayRequestError(unknown.name, unknown.problem);
  const { signal, deadline, onStep, wait, onStart } = options;
  assertSignal(signal);
  for (const [name, callback] of Object.entries({ onStep, wait, onStart })) assertCallback(name, callback);
  return {
    options,
    run: { signal, onStep, wait, onStart },
    deadline: deadline === undefined ? undefined : timeOf('deadline', deadline),
  };
}

export function assertCallback(name: string, callback: unknown): void {
  if (callback !== undefined && typeof callback !== 'function') {
    throw new WechatPayRequestError(name, 'must be a function.');
  }
}

/** For so long a callback is waited for. */
const CALLBACK_MS = 30_000;

/** Runs a state machine until its end, its deadline, or an abort. */
export async function drive<State, Call extends { readonly kind: string }, Event, Outcome>(
  client: WechatPayClient,
  machine: Machine<State, Call, Event, Outcome>,
  start: State,
  { signal, onStep, wait, onStart }: RunOptions<{ readonly step: Call; readonly event: Event; readonly state: State }>,
  callbacks: Callbacks,
): Promise<{
  readonly outcome: Outcome;
  readonly state: State;
  readonly callbackErrors?: readonly CallbackError[];
}> {
  const now = (): number => callbacks.now(() => client.now());
  let state = start;
  // Only where somebody may hint: a controller is a tenth of what a run costs that ends at its first query.
  let hint = onStart && new AbortController();
  if (onStart) {
    const run = {
      askNow: () => {
        hint?.abort();
      },
    };
    callbacks.tell('onStart', () => {
      onStart(run);
    });
  }
  for (;;) {
    if (hint?.signal.aborted) {
      hint = new AbortController();
      state = machine.askNow(state, now());
    }
    const step = machine.nextStep(state, now());
    // What was not taken up to now is not taken: it does not count as sent when it is resumed.
    if (isDone(step)) return { outcome: step.outcome, state: machine.setAside(state), ...callbacks.result() };
    if (signal?.aborted) {
      return { outcome: machine.unresolved(state), state: machine.setAside(state), ...callbacks.result() };
    }
    if (isWait(step)) {
      const { until } = step;
      const ends = hint ? AbortSignal.any(signal ? [signal, hint.signal] : [hint.signal]) : signal;
      if (wait) await callbacks.call('wait', () => wait(until, ends), until - now() + CALLBACK_MS, ends);
      // Also where the caller's came back too early: nobody spins.
      if (now() < until) await waitByTimer(until - now(), ends);
      continue;
    }
    const event = await machine.takeStep(client, state, step, signal);
    state = machine.advance(state, event, { now: now(), jitter: Math.random() });
    // A copy: what a callback changes is not acted on.
    if (onStep) {
      const done = structuredClone({ step, event, state });
      await callbacks.call('onStep', () => onStep(done), CALLBACK_MS, signal);
    }
  }
}

function isDone<Outcome>(step: { readonly kind: string } | Done<Outcome>): step is Done<Outcome> {
  return step.kind === 'done';
}

function isWait(step: { readonly kind: string }): step is Wait {
  return step.kind === 'wait';
}

/** At most so long at a time: a clock that was set, or a laptop that slept, is noticed. */
const LONGEST_TIMER_MS = 60_000;

/** Ends at once where the caller has aborted. */
async function waitByTimer(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await sleep(Math.min(Math.max(ms, 1), LONGEST_TIMER_MS), undefined, { signal }).catch(() => undefined);
}
