import type { CallLimit } from './call-limit.js';
import type { ResolvedConfig } from '../config.js';
import { post } from './dispatch.js';
import { Identity } from './identity.js';
import { postForStream } from './stream.js';
import { WechatPayTransportError } from '../errors.js';
import { ambientProxy } from './proxy.js';
import { loadPool } from './runtime.js';
import type { Connection, SignedRequest, StreamedResponse, TransportResponse } from './transport.js';
import { clientClosed } from '../call/call-error.js';

/** A host that could not be reached is tried last for this long. */
const HOST_COOL_DOWN_MS = 60_000;

interface Host {
  readonly origin: string;
  avoidUntil: number;
}

type TransportConfig = Pick<
  ResolvedConfig,
  'baseUrls' | 'ca' | 'certificate' | 'connectTimeoutMs' | 'maxConnections' | 'now' | 'proxy'
>;

/**
 * The mutual-TLS HTTPS transport: kept-alive connections, time-outs, a cap on what is received, fail-over between hosts.
 *
 * @throws {WechatPayConfigError} this runtime or bundle cannot send.
 */
export function createHttpsTransport(config: TransportConfig, redactor: Connection['redactor']): Connection {
  const { baseUrls, ca, connectTimeoutMs, maxConnections, now } = config;
  loadPool(); // where it cannot be loaded, that is known now and not at the first call
  if (config.proxy === undefined) warnOfAmbientProxy(baseUrls);
  const settings = { ca, connectTimeoutMs, maxConnections, proxy: config.proxy === false ? undefined : config.proxy };
  const hosts = baseUrls.map((origin): Host => ({ origin, avoidUntil: 0 }));
  /** Presents the client certificate, which the gateway demands below `/secapi/`. */
  let mutual = new Identity(settings, config.certificate);
  /** Those that present an earlier certificate, until their calls have ended. */
  const draining = new Set<Identity>();
  /** Presents none: the certificate goes only where the documentation asks for it. */
  const plain = new Identity(settings);
  /** For answers that take minutes: a call never waits behind one. */
  const streams = new Identity(settings);
  let inFlight = 0;
  let onIdle: (() => void) | undefined;
  let closing: Promise<void> | undefined;

  async function send(request: SignedRequest, limit: CallLimit): Promise<TransportResponse> {
    if (closing) throw clientClosed();
    inFlight += 1;
    try {
      return await sendToFirstReachable(hosts, limit, now, ({ origin }) => {
        const identity = request.path.startsWith('/secapi/') ? mutual : plain;
        return post(identity.pool(origin), origin, request, limit);
      });
    } finally {
      inFlight -= 1;
      if (inFlight === 0) onIdle?.();
    }
  }

  async function stream(request: SignedRequest, limit: CallLimit, idleTimeoutMs: number): Promise<StreamedResponse> {
    return sendToFirstReachable(hosts, limit, now, ({ origin }) => {
      if (closing) throw clientClosed();
      return postForStream(streams.pool(origin), origin, request, limit, idleTimeoutMs);
    });
  }

  function rotate(certificate: ResolvedConfig['certificate']): void {
    const before = mutual;
    mutual = new Identity(settings, certificate);
    draining.add(before);
    void before.drain().then(() => draining.delete(before));
  }

  /** Ends with the calls in flight, whatever hosts do that are being connected to. Streams end at once. */
  async function shutDown(): Promise<void> {
    const ended = streams.destroy(new DOMException('the client was closed', 'AbortError'));
    if (inFlight > 0) await new Promise<void>((resolve) => (onIdle = resolve));
    await Promise.all([ended, ...[mutual, plain, ...draining].map((identity) => identity.destroy())]);
  }
  return { isBuiltIn: true, redactor, send, stream, rotate, close: () => (closing ??= shutDown()) };
}

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
