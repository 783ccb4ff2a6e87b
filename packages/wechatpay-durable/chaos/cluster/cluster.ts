import { WechatPayClient } from 'wechatpay-core';
import { Sandbox, type Merchant } from 'wechatpay-sandbox';
import { GatewayNemesis } from '../nemesis/gateway-nemesis.js';
import type { Settings } from '../settings.js';
import { Payers } from '../workload/payers.js';
import { Tills } from '../workload/tills.js';
import { generateWorkload, type WorkloadOrder } from '../workload/workload.js';
import type { Order } from './child.js';
import { ClusterProcess, type ProcessOptions } from './cluster-process.js';
import { Counter } from './counter.js';
import { createEmbeddedDatabase } from './databases/embedded-database.js';
import type { Database, OldVersion } from './databases/database.js';
import { createPostgresDatabase } from './databases/postgres-database.js';
import { createRedisDatabase } from './databases/redis-database.js';
import { makeFolder } from './folder.js';
import type { Link } from './link.js';
import { openNetworks, type Networks } from './networks.js';
import { Reconcilers } from './reconcilers.js';
import { observeBeside, observeThrough, type Observer } from './observer.js';

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
  readonly database: Database;
  readonly observer: Observer;
  /** Where orders are stored as the release before did; undefined where nobody does. */
  readonly old: OldVersion | undefined;
  readonly networks: Networks;
  readonly tills: Tills;
  readonly payers: Payers;
  readonly counter: Counter;
  readonly reconcilers: Reconcilers;
  /** Moves the clock of the gateway, and of all processes. */
  readonly advance: (ms: number) => void;
  /** Whether a worker has the client of a merchant. */
  readonly knows: (worker: ClusterProcess, merchantId: string) => boolean;
  /** Where the store has one process, it is both. */
  readonly workers: readonly ClusterProcess[];
  readonly cashiers: readonly ClusterProcess[];
}

/** Each of them, once. */
export function processesOf({ workers, cashiers }: Pick<Cluster, 'workers' | 'cashiers'>): ClusterProcess[] {
  return [...new Set([...workers, ...cashiers])];
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

    const database = await createDatabase(settings, folder.path);
    closing.push(() => database.dispose());
    const old = settings.faults.includes('upgrade') ? await database.openOld() : undefined;
    closing.push(() => old?.close());
    const ports = { gateway: Number(new URL(sandbox.baseUrl).port), database: database.port };
    const networks = await openNetworks(ports, seed);
    closing.push(() => {
      for (const link of Object.values(networks) as Link[]) link.close();
    });
    let aheadMs = 0;
    const settingsOf =
      (role: 'worker' | 'cashier', timeoutMs: number, known = merchants): ProcessOptions['settings'] =>
      (name) => {
        const [gateway, store] =
          role === 'worker'
            ? [networks.workerToGateway, networks.workerToDatabase]
            : [networks.cashierToGateway, networks.cashierToDatabase];
        return {
          store: database.storeOf(name, role, store.port),
          ...{ epoch, speed, aheadMs },
          merchants: known.map(({ appId, merchantId, apiKey, certificate: { cert, key }, ca }) => ({
            ...{ appId, merchantId, apiKey, certificate: { cert, key }, ca, timeoutMs },
            baseUrl: `https://localhost:${gateway.port}`,
          })),
        };
      };

    const tills = new Tills(workload, seed);
    closing.push(() => {
      tills.close();
    });
    const reconcilers = new Reconcilers();
    const reconciling: Pick<ProcessOptions, 'onMessage' | 'onEnd'> = {
      onMessage: (_, message) => {
        if (message.task !== undefined) reconcilers.onMessage(message);
      },
      onEnd: (by) => {
        reconcilers.onEnd(by);
      },
    };
    const asked: Pick<ProcessOptions, 'onMessage' | 'onEnd'> = {
      onMessage: (by, message) => {
        if (message.task !== undefined) {
          reconcilers.onMessage(message);
          return;
        }
        const { kind, outTradeNo = '', answer = '', codeUrl, number } = message;
        if (number !== undefined) counter.onAnswer(number, answer);
        if (kind !== 'answered') return;
        tills.onAnswer(by, outTradeNo, answer);
        if (codeUrl !== undefined) payers.see(outTradeNo, codeUrl);
      },
      onEnd: (by) => {
        tills.onEnd(by);
        counter.onEnd(by);
        reconcilers.onEnd(by);
      },
    };
    // One of three knows the first merchant only.
    const isKnown = (worker: number, merchantId: string): boolean =>
      worker % 3 !== 2 || merchantId === sandbox.merchant.merchantId;
    const place = { folder: folder.path };
    const shop =
      settings.store === 'embedded'
        ? [new ClusterProcess('shop', 0, { ...place, ...asked, settings: settingsOf('cashier', CASHIER_TIMEOUT_MS) })]
        : undefined;
    const workers =
      shop ??
      numbers(settings.workers).map((index) => {
        const known = merchants.filter(({ merchantId }) => isKnown(index, merchantId));
        return new ClusterProcess('worker', index, {
          ...place,
          ...reconciling,
          settings: settingsOf('worker', WORKER_TIMEOUT_MS, known),
        });
      });
    const cashiers =
      shop ??
      numbers(settings.cashiers).map((index) => {
        const timeoutMs = index % 3 === 2 ? PATIENT_TIMEOUT_MS : CASHIER_TIMEOUT_MS;
        return new ClusterProcess('cashier', index, { ...place, ...asked, settings: settingsOf('cashier', timeoutMs) });
      });

    const clients = merchants.map((merchant) => new WechatPayClient({ ...merchant, now }));
    const way = { database, clients, speed };
    const observer = shop?.[0] ? observeThrough(shop[0], way) : await observeBeside(way);
    closing.push(() => observer.close());
    await database.audit.begin();
    const processes = processesOf({ workers, cashiers });
    closing.push(() => Promise.all(processes.map((one) => one.kill())));
    counter.cashiers = cashiers;
    await Promise.all(processes.map((one) => one.start()));
    const advance = (ms: number): void => {
      sandbox.clock.advance(ms);
      aheadMs += ms;
      for (const one of processes) one.send({ kind: 'clock', aheadMs } satisfies Order);
    };
    const knows: Cluster['knows'] = (worker, merchantId) => isKnown(workers.indexOf(worker), merchantId);
    return await live({
      ...{ settings, epoch, sandbox, merchants, workload, gatewayNemesis, database, observer, old },
      ...{ networks, tills, payers, counter, reconcilers, advance, knows, workers, cashiers },
    });
  } finally {
    for (const close of closing.reverse()) await close();
  }
}

function createDatabase({ store }: Settings, folder: string): Promise<Database> {
  switch (store) {
    case 'postgres':
      return createPostgresDatabase();
    case 'redis':
      return createRedisDatabase();
    case 'embedded':
      return Promise.resolve(createEmbeddedDatabase(folder));
  }
}

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}
