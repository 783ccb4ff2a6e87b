import { PostgresServer, PRODUCTION_SETTINGS } from '../test/servers/postgres.js';
import { judgeReconciling, tellMissed } from './bars.js';
import { Process } from './child.js';
import { reconcilingSection } from './page.js';
import { copyAndJoin, fillDay, type Reconciled } from './reconciling.js';

/** A day of so many rows, and of as many orders, in a database of its own. */
export async function measureReconciling(server: PostgresServer, rows: number): Promise<Reconciled> {
  console.error(`bench: reconcile a day of ${rows.toLocaleString('en')} orders`);
  const day = { connectionString: await server.createDatabase(), rows };
  await fillDay(server, day);
  const shop = new Process();
  const reconciled = await shop.ask('reconcile', day);
  await shop.kill();
  return { ...reconciled, copySeconds: await copyAndJoin(server, day) };
}

/** That alone: it is printed, and nothing is written. */
export async function reconcileAlone(rows?: number): Promise<void> {
  const server = await PostgresServer.create(PRODUCTION_SETTINGS);
  try {
    const reconciled = await measureReconciling(
      server,
      rows ?? (process.argv.includes('--quick') ? 20_000 : 1_000_000),
    );
    const bars = judgeReconciling(reconciled);
    console.log(reconcilingSection(reconciled));
    for (const { what, measured, wanted, isMet } of bars) {
      console.log(`${isMet ? 'pass' : 'miss'}: ${what}: ${measured}, ${wanted}`);
    }
    tellMissed(bars);
  } finally {
    await server.dispose();
  }
}
