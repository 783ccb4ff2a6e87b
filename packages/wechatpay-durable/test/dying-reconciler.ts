// A shop in a process of its own that is killed while it reconciles a day: `node --import tsx dying-reconciler.ts <what, as JSON>`.
import { DurableOrders, type ReconciliationStore } from '../src/index.js';
import { PostgresStore } from '../src/stores/postgres/postgres.js';
import { statementGateway, type Standing } from './statement-gateway.js';

export interface DyingReconciler {
  readonly connectionString: string;
  readonly date: string;
  readonly standing: Standing;
  /** The client's clock, which stands still. */
  readonly now: number;
  readonly dies: 'while rows are staged' | 'while it asks';
}

function die(): void {
  process.kill(process.pid, 'SIGKILL');
}

/** Dies as soon as the first rows are in the database. */
class DyingStore extends PostgresStore {
  override get reconciliations(): ReconciliationStore {
    const kept = super.reconciliations;
    return {
      ...{ put: kept.put.bind(kept), get: kept.get.bind(kept), list: kept.list.bind(kept) },
      ...{ claim: kept.claim.bind(kept), renew: kept.renew.bind(kept), release: kept.release.bind(kept) },
      stage: async (key) => {
        const staged = await kept.stage!(key);
        const add = staged.add.bind(staged);
        return Object.assign(staged, { add: (...rows: Parameters<typeof add>) => add(...rows).then(die) });
      },
    };
  }
}

const given = process.argv[2];
if (given?.startsWith('{')) {
  const { connectionString, date, standing, now, dies } = JSON.parse(given) as DyingReconciler;
  const isStaging = dies === 'while rows are staged';
  const onCall = (path: string): void => {
    if (!isStaging && path === '/pay/orderquery') die();
  };
  const store = new (isStaging ? DyingStore : PostgresStore)({ connectionString });
  const clients = statementGateway({ date, standing, now: () => now, onCall });
  const durableOrders = new DurableOrders({ store, clients });
  await durableOrders.start({ work: false });
  await durableOrders.reconcile({ date });
}
