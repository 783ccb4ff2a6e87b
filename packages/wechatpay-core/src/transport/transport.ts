import type { CallLimit } from './call-limit.js';
import type { LoadedCertificate } from './certificate.js';
import type { Redactor } from './redact.js';
import { clientClosed } from '../call/call-error.js';

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

/** An answer of any length, as it comes. */
export interface StreamedResponse {
  readonly status: number;
  /** Has to be read to its end, or left, as a `for await` does. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Frees the connection of an answer that is not read: an iteration that has not begun frees nothing. */
  discard(): void;
}

/**
 * Sends one request and returns its answer, whatever its status. It never sends a request twice, and follows no redirect.
 *
 * A custom transport throws {@link WechatPayTransportError} with the outcome `not-sent` only where it is certain
 * that no byte left; anything else that it throws counts as `unknown`. Of what it throws, the caller gets name, code and
 * message, those of its causes too, and none of them where it repeats the request. `close`, where there is one, frees its
 * sockets.
 */
export interface Transport {
  (request: TransportRequest): Promise<TransportResponse>;
  close?(): Promise<void>;
}

/** A transport as a call uses it: with a limit in place of a signal. */
export interface Connection {
  /** Whether what it throws is ours alone, and repeats nothing. */
  readonly isBuiltIn: boolean;
  /** Hides what no error may repeat: the request, and every API key. */
  readonly redactor: (body: string) => Redactor;
  send(request: SignedRequest, limit: CallLimit): Promise<TransportResponse>;
  /** Of the built-in transport: on connections of its own, so that no call waits for a long answer. */
  stream?(request: SignedRequest, limit: CallLimit, idleTimeoutMs: number): Promise<StreamedResponse>;
  /** Of the built-in transport: what it opens from now on shows this certificate; what is open ends with its calls. */
  rotate?(certificate: LoadedCertificate): void;
  close(): Promise<void>;
}

export type SignedRequest = Omit<TransportRequest, 'signal'>;

/** A custom transport, which is given an AbortSignal. Closing waits for the calls in flight, and lets no further one through. */
export function connectThrough(transport: Transport, redactor: Connection['redactor']): Connection {
  const inFlight = new Set<Promise<unknown>>();
  let closing: Promise<void> | undefined;
  return {
    isBuiltIn: false,
    redactor,
    send({ path, body }, limit) {
      if (closing) return Promise.reject(clientClosed());
      const controller = new AbortController();
      limit.onEnd = () => {
        controller.abort(limit.reason);
      };
      // A promise of our own: of a thenable, `then` is called once.
      const answer = Promise.resolve(transport({ path, body, signal: controller.signal }));
      const resolved = answer.catch(() => undefined);
      inFlight.add(resolved);
      void resolved.finally(() => inFlight.delete(resolved));
      return answer;
    },
    close() {
      closing ??= Promise.all(inFlight).then(() => transport.close?.());
      return closing;
    },
  };
}
