import type { Answer } from '../http/answer.js';
import { admit, attend, maxBodyBytes } from '../http/front.js';
import type { House } from './gateway.js';
import type { RequestEntry, RequestLog } from './requests.js';

/** What `sandbox.handle` takes: a request that has reached the gateway. */
export interface DirectRequest {
  /** As in `/pay/micropay`. */
  readonly path: string;
  /** The XML document. */
  readonly body: string | Uint8Array;
  /** @default 'POST' */
  readonly method?: string;
  /** The ID of the merchant whose certificate the connection shows. @default none */
  readonly clientCertificate?: string;
}

/** What `sandbox.handle` gives: what the other end of the connection would see. */
export type DirectReply =
  | {
      readonly kind: 'reply';
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: Buffer;
      /** After how long it arrives, where a fault delays it. Nothing has waited. */
      readonly delayMs?: number;
    }
  | {
      /** The connection is `cut`, or stays open and nothing more comes (`hang`), or never stops sending (`endless`). */
      readonly kind: 'cut' | 'hang' | 'endless';
      /** Where the headers still arrived. */
      readonly status?: number;
      /** What had arrived by then. */
      readonly body: Buffer;
    };

/** The whole gateway without a socket: what the HTTPS server does, minus the waiting. */
export function handle(
  { path, body, method = 'POST', clientCertificate }: DirectRequest,
  house: House,
  requests: RequestLog,
): { entry: RequestEntry; reply: DirectReply } {
  const certificate =
    clientCertificate === undefined
      ? ({ kind: 'none' } as const)
      : ({ kind: 'accepted', commonName: clientCertificate } as const);
  const entry = admit({ method, path, certificate }, house, requests);
  const bytes = Buffer.from(body);
  const answer = attend(entry, certificate, bytes.length > maxBodyBytes ? undefined : bytes, house);
  return { entry, reply: arrived(answer) };
}

/** What of an answer comes through. */
function arrived({ status, headers, body, delivery }: Answer): DirectReply {
  const whole = Buffer.from(body);
  if (delivery === undefined) return { kind: 'reply', status, headers, body: whole };
  switch (delivery.kind) {
    case 'delay':
      return { kind: 'reply', status, headers, body: whole, delayMs: delivery.delayMs };
    case 'slow':
      return { kind: 'reply', status, headers, body: whole, delayMs: delivery.pieces * delivery.pauseMs };
    case 'endless':
      return { kind: 'endless', status, body: whole };
    default:
      return delivery.at === 'headers'
        ? { kind: delivery.kind, body: Buffer.alloc(0) }
        : { kind: delivery.kind, status, body: whole.subarray(0, Math.ceil(whole.length / 2)) };
  }
}
