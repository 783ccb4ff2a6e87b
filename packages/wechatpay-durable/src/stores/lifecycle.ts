/** Opens and closes one at a time, in the order in which they were asked for: two opens at once are one. */
export class Lifecycle {
  #last: Promise<unknown> = Promise.resolve();

  run<Result>(work: () => Promise<Result>): Promise<Result> {
    const running = this.#last.then(work);
    this.#last = running.catch(() => undefined);
    return running;
  }
}
