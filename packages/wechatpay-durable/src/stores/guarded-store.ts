import { asStoreError } from '../errors.js';
import type { OrderStore, ReconciliationStore, StagedStatement } from './store.js';

/** A store, custom ones included, whose errors all have a code: see {@link asStoreError}. */
export function guarded(store: OrderStore): OrderStore {
  return {
    open: () => asStoreError(() => store.open()),
    close: () => asStoreError(() => store.close()),
    enqueue: (...args) => asStoreError(() => store.enqueue(...args)),
    process: (...args) => asStoreError(() => store.process(...args)),
    reschedule: (...args) => asStoreError(() => store.reschedule(...args)),
    amend: (...args) => asStoreError(() => store.amend(...args)),
    cancel: (...args) => asStoreError(() => store.cancel(...args)),
    get: (id) => asStoreError(() => store.get(id)),
    find: (query) => asStoreError(() => store.find(query)),
    list: (filter) => asStoreError(() => store.list(filter)),
    redrive: (...args) => asStoreError(() => store.redrive(...args)),
    note: (...args) => asStoreError(() => store.note(...args)),
    counts: () => asStoreError(() => store.counts()),
    journal: (...args) => asStoreError(() => store.journal(...args)),
    prune: () => asStoreError(() => store.prune()),
    ...(store.reconciliations && { reconciliations: guardedReconciliations(store.reconciliations) }),
  };
}

function guardedReconciliations(kept: ReconciliationStore): ReconciliationStore {
  return {
    orderDays: kept.orderDays,
    put: (...args) => asStoreError(() => kept.put(...args)),
    get: (key) => asStoreError(() => kept.get(key)),
    list: (period) => asStoreError(() => kept.list(period)),
    claim: (...args) => asStoreError(() => kept.claim(...args)),
    renew: (...args) => asStoreError(() => kept.renew(...args)),
    release: (...args) => asStoreError(() => kept.release(...args)),
    ...(kept.findOrders && {
      findOrders: (...args) => asStoreError(() => kept.findOrders?.(...args) ?? Promise.resolve([])),
    }),
    ...(kept.endedLater && { endedLater: guardedOrders(kept.endedLater.bind(kept)) }),
    ...(kept.stage && { stage: guardedStaging(kept.stage.bind(kept)) }),
  };
}

function guardedOrders(
  endedLater: NonNullable<ReconciliationStore['endedLater']>,
): NonNullable<ReconciliationStore['endedLater']> {
  return (...args) => guardedRows(endedLater(...args));
}

function guardedStaging(stage: NonNullable<ReconciliationStore['stage']>): NonNullable<ReconciliationStore['stage']> {
  return async (key) => guardedStage(await asStoreError(() => stage(key)));
}

function guardedStage(staged: StagedStatement): StagedStatement {
  return {
    add: (rows) => asStoreError(() => staged.add(rows)),
    agreed: () => asStoreError(() => staged.agreed()),
    others: () => guardedRows(staged.others()),
    unlisted: (from, until) => guardedRows(staged.unlisted(from, until)),
    drop: () => asStoreError(() => staged.drop()),
  };
}

async function* guardedRows<Row>(rows: AsyncIterable<Row>): AsyncGenerator<Row, void> {
  const iterator = rows[Symbol.asyncIterator]();
  for (;;) {
    const next = await asStoreError(() => iterator.next());
    if (next.done === true) return;
    yield next.value;
  }
}
