import type { Lease, DurableData, OrderStore, Verdict } from '../src/stores/store.js';

/** How a process of its own opens a store. */
export interface StoreOfAnotherProcess {
  /** Beside this file, as in `../src/stores/redis/redis-store.js`. */
  readonly module: string;
  /** The store's class, as the module exports it. */
  readonly className: string;
  /** Its options: plain JSON. */
  readonly options: object;
}

/** What the test tells a worker to do with the lease that it has. */
export type Command =
  { readonly kind: 'save'; readonly data: DurableData } | { readonly kind: 'end'; readonly verdict: Verdict };

/** What a worker tells the test. */
export type Report =
  | { readonly kind: 'ready' | 'saved' }
  | { readonly kind: 'leased'; readonly id: string; readonly data: DurableData }
  | { readonly kind: 'refused'; readonly errorName: string }
  | { readonly kind: 'problem'; readonly message: string };

// A worker in a process of its own, which can be killed or stopped while it has a lease: see conformance/another-process.ts.
const { module, className, options } = JSON.parse(process.argv[2] ?? '{}') as StoreOfAnotherProcess;
const classes = (await import(module)) as Record<string, new (options: object) => OrderStore>;
const Store = classes[className];
if (!Store) throw new Error(`${module} has no ${className}.`);
const store = new Store(options);
let lease: Lease | undefined;
let end: ((verdict: Verdict) => void) | undefined;

process.on('disconnect', () => process.exit());
process.on('message', (command: Command) => {
  if (command.kind === 'end') end?.(command.verdict);
  else void save(command.data);
});

await store.open();
const onProblem = ({ message }: Error): void => {
  tell({ kind: 'problem', message });
};
await store.process(handle, { concurrency: 1, onProblem });
tell({ kind: 'ready' });

function handle(given: Lease): Promise<Verdict> {
  lease = given;
  tell({ kind: 'leased', id: given.id, data: given.data });
  return new Promise((resolve) => {
    end = resolve;
  });
}

async function save(data: DurableData): Promise<void> {
  try {
    await lease?.save(data);
    tell({ kind: 'saved' });
  } catch (error) {
    tell({ kind: 'refused', errorName: error instanceof Error ? error.name : String(error) });
  }
}

function tell(report: Report): void {
  process.send?.(report);
}
