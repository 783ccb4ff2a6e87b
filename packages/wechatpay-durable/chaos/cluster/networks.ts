import { Random } from '../random.js';
import { Link } from './link.js';

/** Longer than the ten seconds of a lease, in milliseconds. */
export const LONG_MS = [12_000, 14_000] as const;

export interface Networks {
  readonly cashierToGateway: Link;
  readonly workerToGateway: Link;
  readonly cashierToDatabase: Link;
  readonly workerToDatabase: Link;
}

/** Between each role and each server, a network as bad as that role can be promised to survive. */
export async function openNetworks(ports: { gateway: number; database: number }, seed: number): Promise<Networks> {
  const { gateway, database } = ports;
  const random = (name: string): Random => new Random(seed, 'network', name);
  return {
    // A charge that arrives when its order was long given up is beyond any promise: at most some seconds of the fast clock.
    cashierToGateway: await Link.open(
      {
        target: gateway,
        requests: [{ chance: 0.03, ms: [50, 600] }],
        replies: [{ chance: 0.02, ms: [100, 1_500] }],
        cut: 0.01,
      },
      random('cashier to gateway'),
    ),
    workerToGateway: await Link.open(
      {
        target: gateway,
        requests: [
          { chance: 0.02, ms: [200, 1_500] },
          { chance: 0.005, ms: LONG_MS },
        ],
        replies: [{ chance: 0.02, ms: [100, 1_500] }],
        cut: 0.02,
      },
      random('worker to gateway'),
    ),
    // Longer than it takes a durable order to come to its end: the word that it is stored may come when it is over.
    cashierToDatabase: await Link.open(
      { target: database, replies: [{ chance: 0.02, ms: [300, 6_000] }], cut: 0.01 },
      random('cashier to database'),
    ),
    workerToDatabase: await Link.open(
      {
        target: database,
        requests: [{ chance: 0.0007, ms: LONG_MS }],
        replies: [{ chance: 0.002, ms: [200, 2_000] }],
        cut: 0.004,
      },
      random('worker to database'),
    ),
  };
}
