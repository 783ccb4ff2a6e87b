import { WechatPayMerchantError } from '../errors.js';
import { Redactor } from '../transport/redact.js';
import { Places } from './places.js';

/** Who asks: the application, or a notification, which anybody can have written. */
export type AskedBy = 'application' | 'notification';

/** So many questions are under way at once; the others wait. A database has not more connections to spare. */
const MAX_AT_ONCE = 32;
/** So many beside them are of merchants that only notifications name: none of these takes a place that the application needs. */
const MAX_NAMED_AT_ONCE = 8;
/** So many of those wait; one more is refused at once, and its notification comes again. */
const MAX_NAMED_WAITING = 1_000;

interface LookupsOptions<Answer> {
  /** Asks the application, and makes something of its answer. */
  readonly ask: (merchantId: string, by: AskedBy, signal: AbortSignal) => Promise<Answer>;
  /** For one question, its waiting included. */
  readonly timeoutMs: number;
}

/** A question that waits for its turn, or is under way. */
interface Question<Answer> {
  readonly by: AskedBy;
  readonly answer: Promise<Answer>;
  /** Whether its turn has come. */
  readonly isAsked: () => boolean;
  /** Gives its place up, and is answered as another one is. */
  readonly follow: (other: Promise<Answer>) => void;
}

/** Asks the application for merchants: about each of them one question at a time, whose answer everybody gets who asks meanwhile. */
export class Lookups<Answer> {
  readonly #options: LookupsOptions<Answer>;
  readonly #questions = new Map<string, Question<Answer>>();
  readonly #places = {
    application: new Places(MAX_AT_ONCE, Infinity),
    notification: new Places(MAX_NAMED_AT_ONCE, MAX_NAMED_WAITING),
  };

  constructor(options: LookupsOptions<Answer>) {
    this.#options = options;
  }

  /** @throws {WechatPayMerchantError} it failed, took too long, or too many notifications wait. */
  get(merchantId: string, by: AskedBy = 'application'): Promise<Answer> {
    const known = this.#questions.get(merchantId);
    if (known && (known.isAsked() || by === 'notification' || known.by === by)) return known.answer;
    // What the application needs does not wait among what anybody has written.
    const question = this.#begin(merchantId, by);
    known?.follow(question.answer);
    return question.answer;
  }

  /** The merchants that are being asked for. */
  merchants(): readonly string[] {
    return [...this.#questions].filter(([, question]) => question.isAsked()).map(([merchantId]) => merchantId);
  }

  /** As {@link get}, by a question that is asked from now on: one that is under way may have been answered before. */
  async getAnew(merchantId: string): Promise<Answer> {
    const known = this.#questions.get(merchantId);
    if (known?.isAsked()) await known.answer.catch(() => undefined);
    return this.get(merchantId);
  }

  #begin(merchantId: string, by: AskedBy): Question<Answer> {
    const { timeoutMs, ask } = this.#options;
    const places = this.#places[by];
    const controller = new AbortController();
    let isAsked = false;
    let follow!: Question<Answer>['follow'];
    const inTime = new Promise<Answer>((resolve, reject) => {
      const begin = (): void => {
        isAsked = true;
        ask(merchantId, by, controller.signal).then(resolve, reject).finally(end);
      };
      const end = (): void => {
        clearTimeout(timer);
        places.leave(begin);
      };
      follow = (other) => {
        places.leave(begin);
        other.then(resolve, reject).finally(end);
      };
      const fail = (message: string): void => {
        reject(new WechatPayMerchantError('unavailable', merchantId, message));
        end();
      };
      // One that never answers takes nobody's place for longer.
      const timer = setTimeout(() => {
        fail(`\`load\` gave no answer within ${timeoutMs} ms.`);
        controller.abort(new DOMException(`no answer within ${timeoutMs} ms`, 'TimeoutError'));
      }, timeoutMs);
      if (!places.enter(begin)) fail('too many notifications name merchants that have to be asked for.');
    });
    const answer = inTime.finally(() => {
      if (this.#questions.get(merchantId) === question) this.#questions.delete(merchantId);
    });
    const question: Question<Answer> = { by, answer, isAsked: () => isAsked, follow };
    this.#questions.set(merchantId, question);
    return question;
  }
}

/** What `load` threw may hold anything, as the password of a database: of it, names, codes and messages alone are kept. */
export function lookupFailed(merchantId: string, thrown: unknown): WechatPayMerchantError {
  const cause = new Redactor().cause(thrown);
  return new WechatPayMerchantError('unavailable', merchantId, '`load` failed.', cause);
}
