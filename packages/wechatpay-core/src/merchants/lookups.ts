import { WechatPayMerchantError } from '../errors.js';
import { Redactor } from '../transport/redact.js';

/** So many questions are under way at once; the others wait. A database has not more connections to spare. */
const MAX_AT_ONCE = 32;

interface LookupsOptions<Answer> {
  /** Asks the application, and makes something of its answer. */
  readonly ask: (merchantId: string, signal: AbortSignal) => Promise<Answer>;
  /** For one question, its waiting included. */
  readonly timeoutMs: number;
}

/** Asks the application for merchants: about each of them one question at a time, whose answer everybody gets who asks meanwhile. */
export class Lookups<Answer> {
  readonly #options: LookupsOptions<Answer>;
  readonly #underWay = new Map<string, Promise<Answer>>();
  readonly #waiting = new Set<() => void>();
  #asking = 0;

  constructor(options: LookupsOptions<Answer>) {
    this.#options = options;
  }

  /** @throws {WechatPayMerchantError} it failed, or took too long. */
  get(merchantId: string): Promise<Answer> {
    return this.#underWay.get(merchantId) ?? this.#begin(merchantId);
  }

  /** The merchants that are being asked for. */
  merchants(): readonly string[] {
    return [...this.#underWay.keys()];
  }

  /** As {@link get}, by a question that is asked from now on: one that is under way may have been answered before. */
  async getAnew(merchantId: string): Promise<Answer> {
    await this.#underWay.get(merchantId)?.catch(() => undefined);
    return this.get(merchantId);
  }

  #begin(merchantId: string): Promise<Answer> {
    const answer = this.#inTime(merchantId).finally(() => this.#underWay.delete(merchantId));
    this.#underWay.set(merchantId, answer);
    return answer;
  }

  #inTime(merchantId: string): Promise<Answer> {
    const { timeoutMs, ask } = this.#options;
    const controller = new AbortController();
    return new Promise((resolve, reject) => {
      let isAsking = false;
      const begin = (): void => {
        isAsking = true;
        this.#asking += 1;
        ask(merchantId, controller.signal).then(resolve, reject).finally(end);
      };
      const end = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(begin);
        if (!isAsking) return;
        isAsking = false;
        this.#asking -= 1;
        const [next] = this.#waiting;
        if (next === undefined) return;
        this.#waiting.delete(next);
        next();
      };
      // One that never answers takes nobody's place for longer.
      const timer = setTimeout(() => {
        const message = `\`load\` gave no answer within ${timeoutMs} ms.`;
        reject(new WechatPayMerchantError('unavailable', merchantId, message));
        controller.abort(new DOMException(`no answer within ${timeoutMs} ms`, 'TimeoutError'));
        end();
      }, timeoutMs);
      if (this.#asking < MAX_AT_ONCE) begin();
      else this.#waiting.add(begin);
    });
  }
}

/** What `load` threw may hold anything, as the password of a database: of it, names, codes and messages alone are kept. */
export function lookupFailed(merchantId: string, thrown: unknown): WechatPayMerchantError {
  const cause = new Redactor().cause(thrown);
  return new WechatPayMerchantError('unavailable', merchantId, '`load` failed.', cause);
}
