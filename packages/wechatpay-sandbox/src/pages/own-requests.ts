import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';

/** Why a request is not of one of the pages. */
export interface Refusal {
  readonly status: 403 | 415 | 421;
  readonly text: string;
}

const formType = 'application/x-www-form-urlencoded';

/**
 * Whether a request may have been made by a page of another site, which a browser would send along with whatever this machine may do.
 *
 * - 421: the Host header is the name of another server. A foreign page whose name leads here (DNS rebinding) would be as good as our own.
 * - 403: Origin or Sec-Fetch-Site names another site: a hidden form, a frame. A link may lead here.
 * - 415: the body is not that of a form, as a program might send it that meant another server.
 *
 * @param name what the server is called, besides `localhost` and addresses, to which no foreign name can be equal.
 */
export function refusalOf(request: IncomingMessage, name: string): Refusal | undefined {
  const { method = '', headers } = request;
  const host = hostIn(headers.host);
  if (host === undefined || !(isIP(host) > 0 || host === 'localhost' || host === name)) {
    return { status: 421, text: 'The Host header is not a name of this sandbox.' };
  }
  const isRead = method === 'GET' || method === 'HEAD';
  const { origin, 'sec-fetch-site': site = 'none' } = headers; // programs other than browsers send neither
  const isOwn =
    ['same-origin', 'none'].includes(site) && (origin === undefined || origin === `http://${headers.host ?? ''}`);
  const isLink = isRead && headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document';
  if (!isOwn && !isLink) return { status: 403, text: 'A page of another site has sent this.' };
  const [type = ''] = (headers['content-type'] ?? '').toLowerCase().split(';');
  if (!isRead && type.trim() !== formType) return { status: 415, text: `The body must be ${formType}.` };
  return undefined;
}

/** The name or the address in a Host header, without the port; undefined where it is neither. */
function hostIn(header = ''): string | undefined {
  const [, address, name] = /^(?:\[([\da-f:.]+)\]|([\w.-]+))(?::\d{1,5})?$/i.exec(header) ?? [];
  return (address ?? name)?.toLowerCase();
}
