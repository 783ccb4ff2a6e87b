import { setTimeout as sleep } from 'node:timers/promises';

/** Waits for what has to come, and keeps what did not come in time. */
export class Rest {
  readonly unfinished: string[] = [];

  async until(what: string, isTrue: () => boolean | Promise<boolean>, withinMs: number): Promise<void> {
    const end = Date.now() + withinMs;
    while (!(await isTrue())) {
      if (Date.now() > end) return void this.unfinished.push(`${what}: not within ${withinMs / 1000} s`);
      await sleep(250);
    }
  }

  /** @returns what comes; undefined where it does not. */
  async of<Result>(what: string, coming: Promise<Result>, withinMs: number): Promise<Result | undefined> {
    const tooLate = Symbol('too late');
    const came = await Promise.race([coming, sleep(withinMs, tooLate, { ref: false })]);
    if (came !== tooLate) return came;
    this.unfinished.push(`${what}: not within ${withinMs / 1000} s`);
    return undefined;
  }
}
