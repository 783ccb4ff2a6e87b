/** How much chaos. Each is an environment variable: `CHAOS_SECONDS=60 npm run chaos`. */
export interface Settings {
  /** CHAOS_SECONDS: for how long things go wrong; starting, coming to rest and the morning after take some 75 s more. */
  readonly seconds: number;
  /** CHAOS_ORDERS */
  readonly orders: number;
  /** CHAOS_WORKERS: processes that work on durable orders. */
  readonly workers: number;
  /** CHAOS_CASHIERS: processes that charge. */
  readonly cashiers: number;
  /** CHAOS_SEED: customers, faults, kills and crashes follow from it; which of them meet does not. */
  readonly seed: number;
  /** CHAOS_SPEED: how many times as fast as the real one the gateway's and the clients' clocks go. Leases are real. */
  readonly speed: number;
  /** CHAOS_STORE: where durable orders are kept. The folder of `embedded` has one process, which does all. @default postgres */
  readonly store: StoreName;
  /** CHAOS_FAULTS: what else goes wrong, as in `merchant,clock`; or `all`. @default none */
  readonly faults: readonly MoreFaults[];
  /** CHAOS_TELL=1: tells the history of every order, and not only of those that are wrong. */
  readonly tell: boolean;
}

const STORES = ['postgres', 'redis', 'embedded'] as const;
type StoreName = (typeof STORES)[number];

/**
 * - `merchant`: all calls of a merchant fail, for its permission is gone, and work again.
 * - `clock`: the clock of a worker jumps by minutes, forth and back.
 * - `upgrade`: processes of the release before store orders in their own way, all the time; not in a folder, which one process has.
 */
const FAULTS = ['merchant', 'clock', 'upgrade'] as const;
type MoreFaults = (typeof FAULTS)[number];

export function readSettings(): Settings {
  const seconds = read('CHAOS_SECONDS', 120);
  const store = oneOf('CHAOS_STORE', process.env.CHAOS_STORE ?? 'postgres', STORES);
  return {
    seconds,
    orders: read('CHAOS_ORDERS', seconds * 5),
    workers: read('CHAOS_WORKERS', 3),
    cashiers: read('CHAOS_CASHIERS', 3),
    seed: read('CHAOS_SEED', Math.floor(Math.random() * 1_000_000) + 1),
    speed: read('CHAOS_SPEED', 5),
    store,
    faults: readFaults(process.env.CHAOS_FAULTS ?? '', store),
    tell: process.env.CHAOS_TELL === '1',
  };
}

function read(name: string, otherwise: number): number {
  const value = Number(process.env[name] ?? otherwise);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new Error(`${name} must be a whole number, 1 or more.`);
}

/** In a folder there is one process: none of the release before beside it. */
function readFaults(given: string, store: StoreName): readonly MoreFaults[] {
  const possible = store === 'embedded' ? FAULTS.filter((name) => name !== 'upgrade') : FAULTS;
  if (given === 'all') return possible;
  const names = given.split(',').filter((name) => name !== '');
  return names.map((name) => oneOf('CHAOS_FAULTS', name, possible));
}

function oneOf<Name extends string>(variable: string, given: string, names: readonly Name[]): Name {
  const found = names.find((name) => name === given);
  if (found !== undefined) return found;
  throw new Error(`${variable}: ${given} is none of ${names.join(', ')}.`);
}
