import type { Dispatcher, Pool } from 'undici';
import type { ResolvedConfig } from './config.js';
import { WechatPayResponseError, WechatPayTransportError } from './errors.js';
import { createServerCheck } from './server-identity.js';
import { MAX_XML_BYTES } from './xml.js';

export interface TransportRequest {
  /** As in `/secapi/pay/reverse`. */
  readonly path: string;
  /** A signed XML document. */
  readonly body: string;
  /** Aborted at `timeoutMs`, or when the caller aborts. */
  readonly signal: AbortSignal;
}

export interface TransportResponse {
  readonly status: number;
  readonly body: Uint8Array;
}

/**
 * Sends one request and brings its answer, whatever its status. It never sends a request twice, and follows no redirect.
 *
 * A transport of one's own throws {@link WechatPayTransportError} with the outcome `not-sent` only where it is certain
 * that no byte left; anything else that it throws counts as `unknown`. `close`, where there is one, frees its sockets.
 */
export interface Transport {
  (request: TransportRequest): Promise<TransportResponse>;
  close?(): Promise<void>;
}

/** A transport as a call uses it: with a limit in place of a signal. */
export interface Connection {
  send(request: SignedRequest, limit: CallLimit): Promise<TransportResponse>;
  close(): Promise<void>;
}

export type SignedRequest = Omit<TransportRequest, 'signal'>;

/** A host that could not be reached is tried last for this long. */
const HOST_COOL_DOWN_MS = 60_000;

/** Sockets to one host. The gateway takes 150 revokes a second of a merchant; 64 carry that at 400 ms a call. */
const MAX_CONNECTIONS = 64;

/** Why a call's signal is aborted where the caller did not. */
export class CallTimeout extends Error {
  constructor(timeoutMs: number) {
    super(`no answer within ${timeoutMs} ms`);
  }
}

/**
 * Ends a call before its answer: at its time-out, or when the caller aborts. The built-in transport is given no AbortSignal,
 * which with its listeners would take a tenth of a call's CPU.
 */
export class CallLimit {
  isOver = false;
  /** A {@link CallTimeout}, or why the caller aborted. */
  reason: unknown;
  /** Has the transport stop what it does. */
  onEnd: (() => void) | undefined;
  /** Ends the wait for a transport that does not. */
  giveUp: (() => void) | undefined;

  end(reason: unknown): void {
    if (this.isOver) return;
    this.isOver = true;
    this.reason = reason;
    this.onEnd?.();
    this.giveUp?.();
  }
}

class TooLarge extends Error {}

interface Host {
  readonly origin: string;
  /** Presents the client certificate, which the gateway demands below `/secapi/`. */
  readonly mutual: Pool;
  /** Presents none: the certificate goes only where the documentation asks for it. */
  readonly plain: Pool;
  avoidUntil: number;
}

/** A transport of one's own, which is given an AbortSignal. */
export function connectThrough(transport: Transport): Connection {
  return {
    send(request, limit) {
      const controller = new AbortController();
      limit.onEnd = () => {
        controller.abort(limit.reason);
      };
      return transport({ ...request, signal: controller.signal });
    },
    async close() {
      await transport.close?.();
    },
  };
}

/** The mutual-TLS HTTPS transport: kept-alive connections, time-outs, a cap on what is received, fail-over between hosts. */
export function createHttpsTransport(config: ResolvedConfig): Connection {
  const opened = openHosts(config).catch((cause: unknown) => {
    const message = 'undici cannot be loaded; install it again. Nothing was sent.';
    throw new WechatPayTransportError('WECHATPAY_CONNECTION', message, 'not-sent', { cause });
  });
  // Told by the call that needs it: a client that is only made must not end the process.
  opened.catch(() => undefined);

  async function send(request: SignedRequest, limit: CallLimit): Promise<TransportResponse> {
    return sendToFirstReachable(await opened, request, limit, config.now);
  }

  let closing: Promise<unknown> | undefined;
  async function close(): Promise<void> {
    closing ??= opened.then(
      (hosts) => Promise.all(hosts.flatMap(({ mutual, plain }) => [mutual.close(), plain.close()])),
      () => undefined, // nothing was opened
    );
    await closing;
  }
  return { send, close };
}

// undici loads in 130 ms, which is most of what importing this package would cost: it is loaded with the first client.
async function openHosts(config: ResolvedConfig): Promise<readonly Host[]> {
  const { Pool } = await import('undici');
  const trust = {
    ...(config.ca !== undefined && { ca: config.ca }),
    minVersion: 'TLSv1.2',
    rejectUnauthorized: true, // not even NODE_TLS_REJECT_UNAUTHORIZED=0 turns verification off
    timeout: config.connectTimeoutMs,
  } as const;
  const options = {
    connections: MAX_CONNECTIONS,
    // One timer bounds the whole call.
    headersTimeout: 0,
    bodyTimeout: 0,
    // An idle socket is dropped before the gateway may drop it, whatever its keep-alive header promises: a request on a
    // socket that has just died is an unknown outcome, and costs more than a handshake.
    keepAliveTimeout: 4_000,
    keepAliveMaxTimeout: 4_000,
  } as const;
  const { secureContextOptions = {} } = config.certificate ?? {};
  const identity = {
    ...secureContextOptions,
    // Node.js would trust the authorities inside a PKCS#12 file as well.
    ...('pfx' in secureContextOptions && { checkServerIdentity: createServerCheck(config.ca) }),
  };
  return config.baseUrls.map((origin) => ({
    origin,
    avoidUntil: 0,
    mutual: new Pool(origin, { ...options, connect: { ...identity, ...trust } }),
    plain: new Pool(origin, { ...options, connect: trust }),
  }));
}

async function sendToFirstReachable(
  hosts: readonly Host[],
  request: SignedRequest,
  limit: CallLimit,
  now: () => number,
): Promise<TransportResponse> {
  let failure = new TypeError('A transport needs a host.');
  for (const host of healthyFirst(hosts, now())) {
    try {
      return await post(host, request, limit);
    } catch (error) {
      const unreachable = error instanceof WechatPayTransportError && error.outcome === 'not-sent' && !limit.isOver;
      if (!unreachable) throw error;
      host.avoidUntil = now() + HOST_COOL_DOWN_MS;
      failure = error;
    }
  }
  throw failure;
}

function healthyFirst(hosts: readonly Host[], now: number): readonly Host[] {
  return hosts.toSorted((a, b) => Number(a.avoidUntil > now) - Number(b.avoidUntil > now));
}

function post(
  { origin, mutual, plain }: Host,
  { path, body }: SignedRequest,
  limit: CallLimit,
): Promise<TransportResponse> {
  return new Promise((resolve, reject) => {
    let sent = false;
    let status = 0;
    let size = 0;
    const chunks: Buffer[] = [];

    const fail = (cause: unknown): void => {
      limit.onEnd = undefined;
      reject(describeFailure(cause, { origin, sent, limit }));
    };
    const stop = (started?: Dispatcher.DispatchController): void => {
      started?.abort(limit.reason as Error);
      fail(limit.reason);
    };
    limit.onEnd = stop;
    if (limit.isOver) {
      stop();
      return;
    }

    const pool = path.startsWith('/secapi/') ? mutual : plain;
    pool.dispatch(
      { path, method: 'POST', headers: HEADERS, body },
      {
        // Called when a connection is ready and right before the first byte is written: what fails earlier was not sent.
        onRequestStart(started) {
          if (limit.isOver) {
            started.abort(limit.reason as Error);
          } else if (sent) {
            started.abort(new Error('A request is never sent twice.'));
          } else {
            sent = true;
            // Kept by the limit alone, until the end: in a variable, a controller had each call survive garbage collections.
            limit.onEnd = () => {
              stop(started);
            };
          }
        },
        onResponseStart(_controller, statusCode) {
          status = statusCode;
        },
        onResponseData(receiving, chunk) {
          size += chunk.length;
          if (size > MAX_XML_BYTES) receiving.abort(new TooLarge());
          else chunks.push(chunk);
        },
        onResponseEnd() {
          limit.onEnd = undefined;
          resolve({ status, body: Buffer.concat(chunks, size) });
        },
        onResponseError(_controller, error) {
          fail(error);
        },
      },
    );
  });
}

const HEADERS = { 'content-type': 'text/xml; charset=utf-8', accept: '*/*' };

function describeFailure(
  cause: unknown,
  { origin, sent, limit }: { origin: string; sent: boolean; limit: CallLimit },
): WechatPayTransportError | WechatPayResponseError {
  if (cause instanceof TooLarge) return new WechatPayResponseError(`The answer is larger than ${MAX_XML_BYTES} bytes.`);
  const { code, message } = (cause ?? {}) as { code?: string; message?: string };

  const failure = (errorCode: 'WECHATPAY_ABORTED' | 'WECHATPAY_CONNECTION' | 'WECHATPAY_TIMEOUT', what: string) =>
    new WechatPayTransportError(
      errorCode,
      `${what} (${origin}). ${sent ? SENT : 'Nothing was sent.'}`,
      sent ? 'unknown' : 'not-sent',
      { cause: limit.isOver ? cause : withoutContents(cause) },
    );
  if (cause instanceof CallTimeout) return failure('WECHATPAY_TIMEOUT', cause.message);
  if (limit.isOver) return failure('WECHATPAY_ABORTED', 'aborted by the caller');
  if (code === 'UND_ERR_CONNECT_TIMEOUT') return failure('WECHATPAY_TIMEOUT', 'no connection within connectTimeoutMs');
  if (code === 'UND_ERR_CLOSED' || code === 'UND_ERR_DESTROYED')
    return failure('WECHATPAY_CONNECTION', 'the client is closed');
  const what = sent ? 'the connection broke before the answer was complete' : 'no connection';
  return failure('WECHATPAY_CONNECTION', `${what}: ${code ?? message ?? 'no reason given'}`);
}

// A TLS error carries the whole peer certificate, and a parser's the bytes that it was given: neither belongs in a log.
export function withoutContents(cause: unknown): unknown {
  if (!(cause instanceof Error)) return cause;
  const { code } = cause as NodeJS.ErrnoException;
  return Object.assign(new Error(cause.message), { name: cause.name, ...(code !== undefined && { code }) });
}

const SENT = 'The request was sent, so its outcome is unknown: query the order, or repeat the call.';
