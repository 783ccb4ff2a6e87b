import type { IncomingMessage, ServerResponse } from 'node:http';
import { isNotification } from './notifications.js';

/** Names by which a browser on this machine reaches it. Another site cannot have its own name lead to one of these. */
const LOCAL_NAMES = ['localhost', '127.0.0.1', '[::1]'];

interface Refusal {
  readonly statusCode: number;
  readonly message: string;
}

/**
 * Refuses what a page of another site makes a browser send, before anything else sees it.
 *
 * - 421: the Host header is not a name of this server. A foreign page whose own name leads to this machine (DNS rebinding) is
 *   same-origin in the browser's eyes; only the Host header tells it apart.
 * - 403: Origin or Sec-Fetch-Site names another site. Links to a page of this server work.
 * - 415: the body does not say that it is JSON. A form or a beacon of another site cannot say so without asking first (CORS).
 *
 * What WeChat Pay posts comes through: it is believed by its signature alone.
 *
 * @param allowedHosts more Host headers to accept, as in `till.example.com` or `till.example.com:8443`.
 */
export function refuseForeign(
  allowedHosts: readonly string[] = [],
): (request: IncomingMessage, response: ServerResponse, next: () => void) => void {
  const allowed = new Set(allowedHosts.map((host) => host.toLowerCase()));
  return (request, response, next) => {
    response.setHeader('X-Content-Type-Options', 'nosniff');
    response.setHeader('X-Frame-Options', 'DENY');
    response.setHeader('Cross-Origin-Resource-Policy', 'same-origin');
    const refusal = isNotification(request)
      ? undefined
      : (checkHost(request, allowed) ?? checkSite(request) ?? checkContentType(request));
    if (!refusal) {
      next();
      return;
    }
    response.writeHead(refusal.statusCode, { 'content-type': 'application/json', connection: 'close' });
    response.end(JSON.stringify(refusal));
  };
}

function checkHost({ headers, socket }: IncomingMessage, allowed: ReadonlySet<string>): Refusal | undefined {
  const host = headers.host?.toLowerCase() ?? '';
  const { localPort = 0 } = socket;
  // Browsers leave out port 80.
  const isLocal = LOCAL_NAMES.some((name) => host === `${name}:${localPort}` || (localPort === 80 && host === name));
  if (isLocal || allowed.has(host)) return undefined;
  const shown = JSON.stringify(host.slice(0, 100));
  return {
    statusCode: 421,
    message: `${shown} is not a name of this server. If it should be one, add it to ALLOWED_HOSTS.`,
  };
}

function checkSite({ method, headers }: IncomingMessage): Refusal | undefined {
  const { host = '', origin, 'sec-fetch-site': site = 'none' } = headers; // programs other than browsers send neither
  const isOwn =
    ['same-origin', 'none'].includes(site) && (origin === undefined || hostOf(origin) === host.toLowerCase());
  const isLink = isRead(method) && headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document';
  if (isOwn || isLink) return undefined;
  return { statusCode: 403, message: 'Another site must not call this server. Call it from its own page.' };
}

function checkContentType({ method, headers }: IncomingMessage): Refusal | undefined {
  const [type = ''] = (headers['content-type'] ?? '').toLowerCase().split(';');
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
  const isEmpty = headers['content-type'] === undefined && !hasBody;
  if (isRead(method) || isEmpty || type.trim() === 'application/json') return undefined;
  return { statusCode: 415, message: 'The body must be JSON. Send the header content-type: application/json.' };
}

function isRead(method: string | undefined): boolean {
  return method === 'GET' || method === 'HEAD';
}

function hostOf(origin: string): string | undefined {
  return /^https?:/.test(origin) && URL.canParse(origin) ? new URL(origin).host : undefined;
}
