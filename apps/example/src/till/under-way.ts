/** What is under way of each order number in this process: who decides by what is stored waits for what is about to be. */
export class UnderWay {
  readonly #all = new Set<{ readonly outTradeNo: string; readonly done: Promise<unknown> }>();

  async run<Result>(outTradeNo: string, work: () => Promise<Result>): Promise<Result> {
    const one = { outTradeNo, done: work() };
    this.#all.add(one);
    try {
      return await one.done;
    } finally {
      this.#all.delete(one);
    }
  }

  has(outTradeNo: string): boolean {
    return this.#of(outTradeNo).length > 0;
  }

  /** Once what is under way now has ended, in whatever way. */
  async ended(outTradeNo: string): Promise<void> {
    await Promise.allSettled(this.#of(outTradeNo));
  }

  #of(number: string): Promise<unknown>[] {
    return [...this.#all].flatMap(({ outTradeNo, done }) => (outTradeNo === number ? [done] : []));
  }
}
