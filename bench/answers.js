/**
 * Answers a second in a stretch of time. Each counts by the share of its time under way that lies within: who waits for a slow gateway
 * goes in step with the others, and answers that come in waves of 64 are nine waves or ten, as the stretch happens to begin.
 */
export class Answers {
  #answers = [];

  add(leftAt, answeredAt) {
    this.#answers.push({ leftAt, answeredAt });
  }

  perSecond(from, to) {
    let within = 0;
    for (const { leftAt, answeredAt } of this.#answers) {
      const share = (Math.min(answeredAt, to) - Math.max(leftAt, from)) / (answeredAt - leftAt);
      within += Math.max(0, share);
    }
    return within / ((to - from) / 1000);
  }
}
