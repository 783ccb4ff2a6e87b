import { Inject, Injectable } from '@nestjs/common';
import type { ReconciliationHealth } from 'wechatpay-durable';
import { StatementService } from './statement.service.js';

/** What @nestjs/terminus takes from a health indicator, under the key that was asked for. */
export type ReconciliationHealthResult<Key extends string> = Record<
  Key,
  ReconciliationHealth & { readonly status: 'up' | 'down'; readonly message?: string }
>;

/**
 * Health of one merchant's reconciliation, in the shape of a @nestjs/terminus indicator: for a page that people look at and an alarm reads, and
 * neither for liveness nor for readiness. A difference is no reason to restart a shop, or to send it no customers.
 *
 * @example
 * constructor(@Inject(ReconciliationHealthIndicator) private readonly reconciliation: ReconciliationHealthIndicator) {}
 */
@Injectable()
export class ReconciliationHealthIndicator {
  readonly #statements: StatementService;

  constructor(@Inject(StatementService) statements: StatementService) {
    this.#statements = statements;
  }

  /**
   * Down where a day is not reconciled by 14:00 of the next in Beijing, or where differences need a person that nobody has acknowledged. It asks
   * the store, and makes no call.
   *
   * @param key the name under which the result is reported.
   * @throws {DurableOrdersError} the store failed.
   * @example health.check([() => reconciliation.isReconciled()])
   */
  async isReconciled<Key extends string = 'reconciliation'>(
    key: Key = 'reconciliation' as Key,
  ): Promise<ReconciliationHealthResult<Key>> {
    const health = await this.#statements.health();
    const problem = problemOf(health);
    const result = { status: problem === undefined ? 'up' : 'down', ...health, ...(problem && { message: problem }) };
    return { [key]: result } as ReconciliationHealthResult<Key>;
  }
}

function problemOf({ lateDays, forPerson, daysForPerson }: ReconciliationHealth): string | undefined {
  const late = lateDays.length > 0 && `Not reconciled: ${lateDays.join(', ')}.`;
  const open = forPerson > 0 && `Differences that need a person: ${forPerson}, of ${daysForPerson.join(', ')}.`;
  return [late, open].filter((text) => text !== false).join(' ') || undefined;
}
