import type { Evidence } from './evidence.js';
import { groupBy } from './group-by.js';
import type { Link } from './link.js';
import type { Mischief } from './mischief.js';
import type { Town } from './town.js';

/** What everybody has seen, by order: the gateway, its ledger, the database, the cashiers, the workers. */
export async function gather(
  { settings, epoch, sandbox, merchants, script, audit, reversals, networks, tills, workers, cashiers }: Town,
  { mischief, ...rest }: Pick<Evidence, 'unfinished' | 'redriven'> & { mischief: Mischief },
): Promise<Evidence> {
  const realTime = (fast: number): number => epoch + (fast - epoch) / settings.speed;
  const crew = [...workers, ...cashiers];
  const links = Object.values(networks) as Link[];
  const notes = groupBy(
    crew.flatMap((member) => member.notes()),
    ({ kind, outTradeNo = '' }) => `${kind} ${outTradeNo}`,
  );
  const changes = groupBy(await audit.changes(), ({ data }) => data.state.order.outTradeNo);
  const requests = groupBy(sandbox.requests, ({ fields }) => fields.out_trade_no ?? '');
  const movements = groupBy(sandbox.ledger.list(), ({ outTradeNo }) => outTradeNo);

  const orders = [];
  for (const order of script) {
    const { outTradeNo, merchantId } = order;
    const merchant = merchants.find((one) => one.merchantId === merchantId);
    orders.push({
      script: order,
      handed: tills.handed.get(outTradeNo) ?? [],
      answers: notes.get(`answer ${outTradeNo}`) ?? [],
      steps: notes.get(`step ${outTradeNo}`) ?? [],
      told: notes.get(`told ${outTradeNo}`) ?? [],
      changes: changes.get(outTradeNo) ?? [],
      requests: (requests.get(outTradeNo) ?? []).map((one) => ({ ...one, at: realTime(one.at.getTime()) })),
      movements: movements.get(outTradeNo) ?? [],
      balance: sandbox.ledger.of(outTradeNo, merchant),
      gateway: sandbox.orders.get(outTradeNo, merchant),
      stored: await reversals.get({ outTradeNo, merchantId }),
    });
  }
  const struck = groupBy(
    sandbox.requests.flatMap(({ fault }) => fault ?? []),
    (fault) => fault,
  );
  return {
    ...rest,
    orders,
    realTime,
    killedAt: new Map(crew.flatMap(({ killedAt }) => [...killedAt])),
    counts: {
      ...mischief,
      'requests and replies held': links.reduce((sum, { held }) => sum + held, 0),
      'connections cut': links.reduce((sum, { cuts }) => sum + cuts, 0),
    },
    faults: Object.fromEntries([...struck].map(([kind, all]) => [kind, all.length])),
    falls: crew.flatMap(({ falls }) => falls),
    leasesLost: notes.get('lease-lost ')?.length ?? 0,
  };
}
