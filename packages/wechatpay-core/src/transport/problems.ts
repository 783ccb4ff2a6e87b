import { isWechatPayError, WechatPayConfigError, type ConfigProblem } from '../errors.js';
import { findUnknownProperty } from '../call/known-properties.js';

/** Collects what is wrong with settings, so that one error names all of it and nobody restarts once for each. */
export class Problems {
  readonly #list: ConfigProblem[] = [];
  #cause: unknown;

  add(field: string, problem: string): void {
    this.#list.push({ field, problem });
  }

  /** @returns what `check` returns; undefined where it throws, which is then noted. */
  check<Value>(field: string, check: () => Value): Value | undefined {
    try {
      return check();
    } catch (error) {
      if (isWechatPayError(error) && error.code === 'WECHATPAY_INVALID_CONFIG') {
        this.#list.push(...error.problems);
        this.#cause ??= error.cause;
      } else {
        this.add(field, 'cannot be read: its getter threw.');
        this.#cause ??= error;
      }
      return undefined;
    }
  }

  /** Notes each unknown property. `prefix` stands before its name, as in `certificate.`. */
  checkNames(given: object, known: readonly string[], otherNames: Readonly<Record<string, string>>, prefix = ''): void {
    for (const name of Object.keys(given)) {
      const unknown = findUnknownProperty({ [name]: undefined }, known, otherNames);
      if (unknown) this.add(prefix + name, unknown.problem);
    }
  }

  /** Takes problems of a field back that only follow from another's. */
  forget(field: string): void {
    const others = this.#list.filter((problem) => problem.field !== field);
    this.#list.splice(0, this.#list.length, ...others);
  }

  /**
   * @returns what was made of the settings, where nothing was noted.
   * @throws {WechatPayConfigError} all that was noted, the first in front.
   */
  resultOrThrow<Result>(result: Result | undefined): Result {
    const [first, ...others] = this.#list;
    if (first) throw new WechatPayConfigError(first.field, first.problem, this.#cause, others);
    return result as Result;
  }
}
