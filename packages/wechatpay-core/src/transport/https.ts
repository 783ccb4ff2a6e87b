import type { Pool } from 'undici';
import type { CallLimit } from './call-limit.js';
import type { ResolvedConfig } from '../config.js';
import { Connector } from './connector.js';
import { post } from './dispatch.js';
import { postForStream } from './stream.js';
import { WechatPayTransportError } from '../errors.js';
import { ambientProxy } from './proxy.js';
import { loadPool } from './runtime.js';
import { createServerCheck } from './server-identity.js';
import type { Connection, SignedRequest, StreamedResponse, TransportResponse } from './transport.js';
import { clientClosed } from '../call/call-error.js';

/** A host that could not be reached is tried last for this long. */
const HOST_COOL_DOWN_MS = 60_000;

interface Host {
  readonly origin: string;
  /** Presents the client certificate, which the gateway demands below `/secapi/`. */
  readonly mutual: Pool;
  /** Presents none: the certificate goes only where the documentation asks for it. */
  readonly plain: Pool;
  /** For answers that take minutes: a call never waits behind one. Opened at the first. */
  readonly streams: () => Pool;
  avoidUntil: number;
}

/**
 * The mutual-TLS HTTPS transport: kept-alive connections, time-outs, a cap on what is received, fail-over between hosts.
 *
 * @throws {WechatPayConfigError} this runtime or bundle cannot send.
 */
export function createHttpsTransport(config: ResolvedConfig): Connection {
  const connectors: Connector[] = [];
  const streams: Pool[] = [];
  const hosts = openHosts(config, connectors, streams);
  if (config.proxy === undefined) warnOfAmbientProxy(config.baseUrls);
  let inFlight = 0;
  let onIdle: (() => void) | undefined;
  let closing: Promise<void> | undefined;

  async function send(request: SignedRequest, limit: CallLimit): Promise<TransportResponse> {
    if (closing) throw clientClosed();
    inFlight += 1;
    try {
      return await sendToFirstReachable(hosts, limit, config.now, (host) =>
        post(request.path.startsWith('/secapi/') ? host.mutual : host.plain, host.origin, request, limit),
      );
    } finally {
      inFlight -= 1;
      if (inFlight === 0) onIdle?.();
    }
  }

  async function stream(request: SignedRequest, limit: CallLimit, idleTimeoutMs: number): Promise<StreamedResponse> {
    return sendToFirstReachable(hosts, limit, config.now, (host) => {
      if (closing) throw clientClosed();
      return postForStream(host.streams(), host.origin, request, limit, idleTimeoutMs);
    });
  }

  /** Ends with the calls in flight, whatever hosts do that are being connected to. Streams end at once. */
  async function shutDown(): Promise<void> {
    const ended = streams.map((pool) => pool.destroy(new DOMException('the client was closed', 'AbortError')));
    if (inFlight > 0) await new Promise<void>((resolve) => (onIdle = resolve));
    const closed = hosts.flatMap(({ mutual, plain }) => [mutual.destroy(), plain.destroy()]);
    for (const connector of connectors) connector.abort();
    await Promise.all([...ended, ...closed]);
  }
  return { isBuiltIn: true, apiKey: config.apiKey, send, stream, close: () => (closing ??= shutDown()) };
}

function openHosts(config: ResolvedConfig, connectors: Connector[], streams: Pool[]): readonly Host[] {
  const Pool = loadPool();
  const { baseUrls, ca, connectTimeoutMs, maxConnections } = config;
  const proxy = config.proxy === false ? undefined : config.proxy;
  const trust = {
    ...(ca !== undefined && { ca }),
    minVersion: 'TLSv1.2',
    rejectUnauthorized: true, // not even NODE_TLS_REJECT_UNAUTHORIZED=0 turns verification off
  } as const;
  const { secureContextOptions = {} } = config.certificate ?? {};
  const identity = {
    ...secureContextOptions,
    // Node.js would trust the authorities inside a PKCS#12 file as well.
    ...('pfx' in secureContextOptions && { checkServerIdentity: createServerCheck(ca) }),
  };
  const open = (origin: string, tls: typeof trust): Pool => {
    const connector = new Connector({ tls, ca, connectTimeoutMs, proxy });
    connectors.push(connector);
    // No more calls than that leave the client's queue at once: none waits in undici for the answer of another, where it would leave
    // late, and where an abort would cost a live connection.
    return new Pool(origin, { ...POOL_OPTIONS, connections: maxConnections, connect: connector.connect });
  };
  return baseUrls.map((origin) => ({
    origin,
    avoidUntil: 0,
    mutual: open(origin, { ...identity, ...trust }),
    plain: open(origin, trust),
    streams: once(() => {
      const pool = open(origin, trust);
      streams.push(pool);
      return pool;
    }),
  }));
}

function once<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined;
  return () => (made ??= { value: make() }).value;
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

async function sendToFirstReachable<Response>(
  hosts: readonly Host[],
  limit: CallLimit,
  now: () => number,
  send: (host: Host) => Promise<Response>,
): Promise<Response> {
  let failure: WechatPayTransportError | undefined;
  for (const host of healthyFirst(hosts, now())) {
    try {
      return await send(host);
    } catch (error) {
      const unreachable = error instanceof WechatPayTransportError && error.outcome === 'not-sent' && !limit.isOver;
      if (!unreachable) throw error;
      host.avoidUntil = now() + HOST_COOL_DOWN_MS;
      failure = error;
    }
  }
  throw failure ?? new TypeError('A transport needs a host.');
}

function healthyFirst(hosts: readonly Host[], now: number): readonly Host[] {
  if (hosts.length === 1) return hosts;
  return hosts.toSorted((a, b) => Number(a.avoidUntil > now) - Number(b.avoidUntil > now));
}

function warnOfAmbientProxy(baseUrls: readonly string[]): void {
  const name = ambientProxy(
    baseUrls.map((url) => new URL(url).hostname),
    process.env,
  );
  if (name === undefined || warned) return;
  warned = true;
  process.emitWarning(
    `${name} is set, but nothing tells the WeChat Pay client whether to use it, so it connects directly. ` +
      `Set \`proxy: process.env.${name}\` to go through that proxy, or \`proxy: false\` to go past it.`,
    { code: 'WECHATPAY_PROXY_IGNORED' },
  );
}

let warned = false;
