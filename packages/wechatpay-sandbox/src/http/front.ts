import type { IncomingMessage, ServerResponse } from 'node:http';
import { answer, type House } from '../gateway/gateway.js';
import type { RequestEntry, RequestLog } from '../gateway/requests.js';
import { deliver, html, type Answer } from './answer.js';
import { clientCertificate, needsCertificate, type ClientCertificateState } from './client-certificate.js';
import { readBody } from './read-body.js';

/** What a request's body may measure. The longest that the pages allow is a fraction of it. */
export const maxBodyBytes = 64 * 1024;

/** A request whose head has arrived. */
export interface Arrival {
  readonly method: string;
  /** With or without a query, which nobody looks at. */
  readonly path: string;
  readonly certificate: ClientCertificateState;
}

/** Takes a request from its socket and sends the answer there. */
export async function receive(
  request: IncomingMessage,
  response: ServerResponse,
  house: House,
  requests: RequestLog,
): Promise<RequestEntry> {
  const certificate = clientCertificate(request);
  const entry = admit({ method: request.method ?? '', path: request.url ?? '/', certificate }, house, requests);
  const body = await readBody(request, maxBodyBytes);
  const result = attend(entry, certificate, body, house);
  if (body === undefined) await refuseLongBody(result, request, response);
  else deliver(result, response);
  return entry;
}

/** Writes down who has come. */
export function admit({ method, path, certificate }: Arrival, { clock }: House, requests: RequestLog): RequestEntry {
  const entry: RequestEntry = {
    at: new Date(clock.now()),
    method,
    path: withoutQuery(path),
    fields: {},
    ...(certificate.kind === 'accepted' && { clientCertificate: certificate.commonName }),
  };
  requests.add(entry);
  return entry;
}

/**
 * What nginx does in front of the real gateway: sizes and certificates, before anyone reads the XML.
 *
 * @param body undefined where it is too long to be read.
 */
export function attend(
  entry: RequestEntry,
  certificate: ClientCertificateState,
  body: Buffer | undefined,
  house: House,
): Answer {
  const refusal =
    body === undefined
      ? closing(html(413, 'Request Entity Too Large'))
      : needsCertificate(entry.path)
        ? certificateRefusal(certificate, house)
        : undefined;
  const result = refusal ?? answer(entry, body ?? Buffer.alloc(0), house);
  entry.answer ??= `HTTP ${result.status}`;
  return result;
}

export function withoutQuery(url: string): string {
  return url.split('?', 1)[0] ?? '/';
}

function certificateRefusal(certificate: ClientCertificateState, { merchants }: House): Answer | undefined {
  const { kind } = certificate;
  if (kind === 'accepted' && !merchants.isRetired(certificate.serialNumber)) return undefined;
  const text = kind === 'none' ? 'No required SSL certificate was sent' : 'The SSL certificate error';
  return closing(html(400, text, 'Bad Request'));
}

/** nginx closes the connection after these, so that the next attempt makes a handshake of its own. */
function closing(page: Answer): Answer {
  return { ...page, headers: { ...page.headers, Connection: 'close' } };
}

/** To close while bytes still come in would reset the connection, and the sender would never read why. */
async function refuseLongBody(
  { status, headers, body }: Answer,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  response.writeHead(status, { ...headers, 'Content-Length': body.length });
  response.write(body);
  if (!request.readableEnded) await new Promise((resolve) => request.once('close', resolve));
  response.end();
}
