import type { IncomingMessage, ServerResponse } from 'node:http';
import { deliver, html, type Answer } from './answer.js';
import { clientCertificate, needsCertificate, type ClientCertificateState } from './client-certificate.js';
import { answer, type House } from './gateway.js';
import { readBody } from './read-body.js';
import type { RequestEntry } from './requests.js';

/** What a request's body may measure. The longest that the page allows is not a tenth of it. */
const maxBodyBytes = 64 * 1024;

/** What nginx does in front of the real gateway: sizes and certificates, before anyone reads the XML. */
export async function receive(
  request: IncomingMessage,
  response: ServerResponse,
  house: House,
  requests: RequestEntry[],
): Promise<RequestEntry> {
  const certificate = clientCertificate(request);
  const entry: RequestEntry = {
    at: new Date(house.clock.now()),
    method: request.method ?? '',
    path: pathOf(request),
    fields: {},
    ...(certificate.kind === 'accepted' && { clientCertificate: certificate.commonName }),
  };
  requests.push(entry);
  const body = await readBody(request, maxBodyBytes);
  if (body === undefined) {
    entry.answer = 'HTTP 413';
    await refuseLongBody(request, response);
    return entry;
  }
  const refusal = needsCertificate(entry.path) ? certificateRefusal(certificate) : undefined;
  const result = refusal ?? answer(entry, body, house);
  entry.answer ??= `HTTP ${result.status}`;
  deliver(result, response);
  return entry;
}

export function pathOf(request: IncomingMessage): string {
  return (request.url ?? '/').split('?', 1)[0] ?? '/';
}

/** nginx closes the connection after these, so that the next attempt makes a handshake of its own. */
function certificateRefusal({ kind }: ClientCertificateState): Answer | undefined {
  if (kind === 'accepted') return undefined;
  const text = kind === 'none' ? 'No required SSL certificate was sent' : 'The SSL certificate error';
  const page = html(400, text, 'Bad Request');
  return { ...page, headers: { ...page.headers, Connection: 'close' } };
}

/** To close while bytes still come in would reset the connection, and the sender would never read why. */
async function refuseLongBody(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { status, headers, body } = html(413, 'Request Entity Too Large');
  response.writeHead(status, { ...headers, Connection: 'close', 'Content-Length': body.length });
  response.write(body);
  if (!request.readableEnded) await new Promise((resolve) => request.once('close', resolve));
  response.end();
}
