import { WechatPayClient } from 'wechatpay-core';
import { Sandbox, type Merchant } from 'wechatpay-sandbox';
import { DurableOrders } from '../../src/index.js';
import { PostgresStore } from '../../src/stores/postgres/postgres.js';
import { PostgresServer } from '../../test/servers/postgres.js';
import { Audit } from '../history/audit.js';
import { GatewayNemesis } from '../nemesis/gateway-nemesis.js';
import type { Settings } from '../settings.js';
import { Payers } from '../workload/payers.js';
import { Tills } from '../workload/tills.js';
import { generateWorkload, type WorkloadOrder } from '../workload/workload.js';
import { ClusterProcess, type ProcessOptions } from './cluster-process.js';
import { Counter } from './counter.js';
import { makeFolder } from './folder.js';
import type { Link } from './link.js';
import { openNetworks, type Networks } from './networks.js';

/** Of a worker's call: far longer than the gateway takes, and shorter than a lease. */
const WORKER_TIMEOUT_MS = 3_000;
/** Of a cashier's: 15 s of the fast clock, as by default; and of one who waits for as long as it takes. */
const CASHIER_TIMEOUT_MS = 3_000;
const PATIENT_TIMEOUT_MS = 14_000;

/** What the test runs on: the gateway, the database, the networks between, and the processes. */
export interface Cluster {
  readonly settings: Settings;
  readonly epoch: number;
  readonly sandbox: Sandbox;
  readonly merchants: readonly Merchant[];
  readonly workload: readonly WorkloadOrder[];
  readonly gatewayNemesis: GatewayNemesis;
  readonly postgres: PostgresServer;
  readonly audit: Audit;
  /** Of this process, which only looks, and redrives. */
  readonly durableOrders: DurableOrders;
  readonly networks: Networks;
  readonly tills: Tills;
  readonly payers: Payers;
  readonly counter: Counter;
  readonly workers: readonly ClusterProcess[];
  readonly cashiers: readonly ClusterProcess[];
}

/** Starts a cluster, calls `live` with it, and removes all of it afterwards. */
export async function withCluster<Result>(
  settings: Settings,
  live: (cluster: Cluster) => Promise<Result>,
): Promise<Result> {
  const { seed, speed } = settings;
  const closing: (() => unknown)[] = [];
  try {
    const folder = await makeFolder();
    closing.push(() => folder.dispose());
    const epoch = Date.now();
    const now = (): number => epoch + (Date.now() - epoch) * speed;
    const sandbox = await Sandbox.start({ now, keepRequests: Infinity });
    closing.push(() => sandbox.stop());
    const merchants = [sandbox.merchant, await sandbox.merchants.create()];
    const counter = await Counter.open(seed);
    closing.push(() => {
      counter.close();
    });
    const workload = generateWorkload(sandbox, merchants, settings, counter.url);
    const payers = new Payers(sandbox, workload, speed);
    closing.push(() => {
      payers.close();
    });
    const gatewayNemesis = new GatewayNemesis(sandbox, workload, seed);

    const postgres = await PostgresServer.create();
    closing.push(() => postgres.dispose());
    const database = await postgres.createDatabase();
    const clients = merchants.map((merchant) => new WechatPayClient({ ...merchant, now }));
    const store = new PostgresStore({ connectionString: named(database, 'observer'), poolSize: 2 });
    const durableOrders = new DurableOrders({ store, clients, speed });
    await durableOrders.start({ work: false });
    closing.push(() => durableOrders.stop());
    const audit = new Audit(named(database, 'audit'));
    await audit.begin();

    const ports = { gateway: Number(new URL(sandbox.baseUrl).port), database: Number(new URL(database).port) };
    const networks = await openNetworks(ports, seed);
    closing.push(() => {
      for (const link of Object.values(networks) as Link[]) link.close();
    });
    const toSettings = (name: string, gateway: Link, store: Link, timeoutMs: number): WorkerSettings => ({
      connectionString: named(database, name, store.port),
      epoch,
      speed,
      merchants: merchants.map(({ appId, merchantId, apiKey, certificate: { cert, key }, ca }) => ({
        ...{ appId, merchantId, apiKey, certificate: { cert, key }, ca, timeoutMs },
        baseUrl: `https://localhost:${gateway.port}`,
      })),
    });

    const tills = new Tills(workload, epoch, seed);
    closing.push(() => {
      tills.close();
    });
    const workers = numbers(settings.workers).map((index) => {
      const settingsOf = (name: string): WorkerSettings => {
        const all = toSettings(name, networks.workerToGateway, networks.workerToDatabase, WORKER_TIMEOUT_MS);
        // One of three knows the first merchant only.
        return index % 3 === 2 ? { ...all, merchants: all.merchants.slice(0, 1) } : all;
      };
      return new ClusterProcess('worker', index, { folder: folder.path, settings: settingsOf });
    });
    const cashiers = numbers(settings.cashiers).map((index) => {
      const timeoutMs = index % 3 === 2 ? PATIENT_TIMEOUT_MS : CASHIER_TIMEOUT_MS;
      return new ClusterProcess('cashier', index, {
        folder: folder.path,
        settings: (name) => toSettings(name, networks.cashierToGateway, networks.cashierToDatabase, timeoutMs),
        onMessage: (by, { outTradeNo = '', answer = '', codeUrl, number }) => {
          if (number !== undefined) {
            counter.onAnswer(number, answer);
            return;
          }
          tills.onAnswer(by, outTradeNo, answer);
          if (codeUrl !== undefined) payers.see(outTradeNo, codeUrl);
        },
        onEnd: (by) => {
          tills.onEnd(by);
          counter.onEnd(by);
        },
      });
    });
    closing.push(() => Promise.all([...workers, ...cashiers].map((one) => one.kill())));
    counter.cashiers = cashiers;
    await Promise.all([...workers, ...cashiers].map((one) => one.start()));
    return await live({
      ...{ settings, epoch, sandbox, merchants, workload, gatewayNemesis, postgres, audit, durableOrders },
      ...{ networks, tills, payers, counter, workers, cashiers },
    });
  } finally {
    for (const close of closing.reverse()) await close();
  }
}

type WorkerSettings = ReturnType<ProcessOptions['settings']>;

/** The database says of each change which process made it. */
function named(database: string, name: string, port?: number): string {
  const url = new URL(database);
  url.searchParams.set('application_name', name);
  if (port !== undefined) url.port = String(port);
  return url.href;
}

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}
