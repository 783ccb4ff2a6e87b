import type { Pool } from 'undici';
import type { LoadedCertificate } from './certificate.js';
import { Connector, type ConnectorOptions } from './connector.js';
import { loadPool } from './runtime.js';
import { createServerCheck } from './server-identity.js';

/** What every connection of a client has in common. */
export interface ConnectionSettings extends Omit<ConnectorOptions, 'tls'> {
  readonly maxConnections: number;
}

/** The connections of a client that show one certificate, or none: a pool for each host, opened at its first call. */
export class Identity {
  readonly #settings: ConnectionSettings;
  readonly #tls: ConnectorOptions['tls'];
  readonly #pools = new Map<string, Pool>();
  readonly #connectors: Connector[] = [];

  constructor(settings: ConnectionSettings, certificate?: LoadedCertificate) {
    this.#settings = settings;
    const { ca } = settings;
    const { secureContextOptions = {} } = certificate ?? {};
    this.#tls = {
      ...secureContextOptions,
      // Node.js would trust the authorities inside a PKCS#12 file as well.
      ...('pfx' in secureContextOptions && { checkServerIdentity: createServerCheck(ca) }),
      ...(ca !== undefined && { ca }),
      minVersion: 'TLSv1.2',
      rejectUnauthorized: true, // not even NODE_TLS_REJECT_UNAUTHORIZED=0 turns verification off
    };
  }

  /** The connections to a host. */
  pool(origin: string): Pool {
    let pool = this.#pools.get(origin);
    if (pool === undefined) {
      const Pool = loadPool();
      const { maxConnections, ...settings } = this.#settings;
      const connector = new Connector({ ...settings, tls: this.#tls });
      this.#connectors.push(connector);
      // No more calls than that leave the client's queue at once: none waits in undici for the answer of another, where it would leave
      // late, and where an abort would cost a live connection.
      pool = new Pool(origin, { ...POOL_OPTIONS, connections: maxConnections, connect: connector.connect });
      this.#pools.set(origin, pool);
    }
    return pool;
  }

  /** Idle connections end at once, and each other with its call. No call must begin on them afterwards. */
  async drain(): Promise<void> {
    await Promise.allSettled([...this.#pools.values()].map((pool) => pool.close()));
  }

  /** Ends all of them at once, also those that are being opened. */
  async destroy(reason?: Error): Promise<void> {
    const ended = [...this.#pools.values()].map((pool) => pool.destroy(reason ?? null));
    for (const connector of this.#connectors) connector.abort();
    await Promise.all(ended);
  }
}

const POOL_OPTIONS = {
  // One timer bounds the whole call.
  headersTimeout: 0,
  bodyTimeout: 0,
  // An idle socket is dropped before the gateway may drop it, whatever its keep-alive header promises: a request on a
  // socket that has just died is an unknown outcome, and costs more than a handshake.
  keepAliveTimeout: 4_000,
  keepAliveMaxTimeout: 4_000,
} as const;
