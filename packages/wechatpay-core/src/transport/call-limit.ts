/** Why a call's signal is aborted where the caller did not. */
export class CallTimeout extends Error {
  constructor(timeoutMs: number, what = 'no answer') {
    super(`${what} within ${timeoutMs} ms`);
  }
}

/**
 * Ends a call before its answer: at its time-out, or when the caller aborts. The built-in transport is given no AbortSignal,
 * which with its listeners would take a tenth of a call's CPU.
 */
export class CallLimit {
  isOver = false;
  /** A {@link CallTimeout}, or why the caller aborted. */
  reason: unknown;
  /** Has the transport stop what it does. */
  onEnd: (() => void) | undefined;
  /** Ends the wait for a transport that does not. */
  giveUp: (() => void) | undefined;

  /** Asked right before the first byte where a connection had to be opened first: why it is too late for it now. */
  tooLate: (() => Error | undefined) | undefined;

  /** The call is over, but the transport still holds its place among the connections: until `free`. */
  isHeld = false;
  onFree: (() => void) | undefined;

  free(): void {
    this.isHeld = false;
    this.onFree?.();
  }

  end(reason: unknown): void {
    if (this.isOver) return;
    this.isOver = true;
    this.reason = reason;
    this.onEnd?.();
    this.giveUp?.();
  }
}
