import type { ClusterProcess } from '../cluster/cluster-process.js';
import { processesOf, type Cluster } from '../cluster/cluster.js';
import type { Link } from '../cluster/link.js';
import { groupBy } from '../group-by.js';
import type { NemesisCounts } from '../nemesis/nemesis.js';
import type { Change, RefundChange } from './audit.js';
import type { History } from './history.js';
import type { Reconciling } from './reconciling.js';

/** Collects the history of each order from the gateway, its ledger, the database, the cashiers and the workers. */
export async function collectHistory(
  { settings, epoch, sandbox, merchants, workload, database, observer, networks, tills, counter, ...cluster }: Cluster,
  {
    nemesis,
    reconciling,
    ...rest
  }: Pick<History, 'unfinished' | 'redriven'> & {
    readonly nemesis: NemesisCounts;
    readonly reconciling: Reconciling;
  },
): Promise<History> {
  const realTime = (fast: number): number => epoch + (fast - epoch) / settings.speed;
  const processes = processesOf(cluster);
  const links = Object.values(networks) as Link[];
  const entries = groupBy(
    processes.flatMap((one) => one.entries()),
    ({ kind, outTradeNo = '' }) => `${kind} ${outTradeNo}`,
  );
  const all = (await database.audit.changes()).map((change) => ({
    ...change,
    by: change.by || whoAt(processes, change.at),
  }));
  const left = await database.claims.left();
  const durableOrders = await observer.rows();
  const changes = groupBy(all.filter(isOfOrder), ({ data }) => data.state.order.outTradeNo);
  const refundChanges = groupBy(all.filter(isOfRefund), ({ data }) => data.order.outTradeNo);
  const requests = groupBy(sandbox.requests, ({ fields }) => fields.out_trade_no ?? '');
  const movements = groupBy(sandbox.ledger.list(), ({ outTradeNo }) => outTradeNo);

  const orders = [];
  for (const order of workload) {
    const { outTradeNo, merchantId } = order;
    const merchant = merchants.find((one) => one.merchantId === merchantId);
    orders.push({
      planned: order,
      handed: tills.handed.get(outTradeNo) ?? [],
      answers: entries.get(`answer ${outTradeNo}`) ?? [],
      steps: entries.get(`step ${outTradeNo}`) ?? [],
      told: entries.get(`told ${outTradeNo}`) ?? [],
      changes: changes.get(outTradeNo) ?? [],
      refundChanges: refundChanges.get(outTradeNo) ?? [],
      refundsTold: entries.get(`refund-told ${outTradeNo}`) ?? [],
      requests: (requests.get(outTradeNo) ?? []).map((one) => ({ ...one, at: realTime(one.at.getTime()) })),
      movements: movements.get(outTradeNo) ?? [],
      balance: sandbox.ledger.of(outTradeNo, merchant),
      gateway: sandbox.orders.get(outTradeNo, merchant),
      stored: await durableOrders.get({ outTradeNo, merchantId }),
      refunds: await durableOrders.find({ outTradeNo, merchantId, kind: 'refund' }),
    });
  }
  const days = [];
  for (const { merchantId, date, ...day } of reconciling.days) {
    days.push({ merchantId, date, ...day, stored: await durableOrders.reconciliation({ merchantId, date }) });
  }
  const struck = groupBy(
    sandbox.requests.flatMap(({ fault }) => fault ?? []),
    (fault) => fault,
  );
  return {
    ...rest,
    orders,
    realTime,
    killedAt: new Map(processes.flatMap(({ killedAt }) => [...killedAt])),
    counts: {
      ...nemesis,
      'requests and replies held': links.reduce((sum, { held }) => sum + held, 0),
      'connections cut': links.reduce((sum, { cuts }) => sum + cuts, 0),
      'notifications acknowledged': counter.acknowledged,
      'days reconciled': reconciling.attempts.filter(({ end }) => end === 'reconciled').length,
      'killed while reconciling': reconciling.attempts.filter(({ hasBegun, end }) => hasBegun && end === 'died').length,
      ...(settings.store !== 'embedded' && { 'days taken over': reconciling.takenOver.length }),
      ...(settings.faults.includes('merchant') && {
        'merchants paused': entries.get('merchant-paused ')?.length ?? 0,
        'merchants resumed by themselves': entries.get('merchant-resumed ')?.length ?? 0,
      }),
    },
    faults: Object.fromEntries([...struck].map(([kind, all]) => [kind, all.length])),
    reconciling: { ...reconciling, days, movementsAfter: sandbox.ledger.list(), left },
    unexpectedExits: processes.flatMap(({ unexpectedExits }) => unexpectedExits),
    leasesLost: entries.get('lease-lost ')?.length ?? 0,
  };
}

/** Of a store whose only process is known by the time: which one that was. */
function whoAt(processes: readonly ClusterProcess[], at: number): string {
  const started = processes.flatMap(({ startedAt }) => [...startedAt]).filter(([, since]) => since <= at);
  return started.sort(([, one], [, other]) => other - one)[0]?.[0] ?? '';
}

function isOfRefund(change: Change | RefundChange): change is RefundChange {
  return change.data.kind === 'refund';
}

function isOfOrder(change: Change | RefundChange): change is Change {
  return !isOfRefund(change);
}
