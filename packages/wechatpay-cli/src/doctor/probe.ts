import { lookup } from 'node:dns/promises';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { textOf, type Cause, type Detail } from './finding.js';

/** How a host is reached. */
export interface Way {
  readonly host: string;
  readonly port: number;
  /** The URL of an HTTP proxy. */
  readonly proxy: string | undefined;
  /** Root certificates (PEM), in the place of the system's. */
  readonly ca: string | undefined;
  readonly timeoutMs: number;
}

/** Where on the way it ended. */
export interface Stop {
  readonly at: 'proxy' | 'dns' | 'tcp' | 'tls';
  readonly cause: Cause;
  readonly detail: Detail;
}

/** What was seen on the way; `date` is the gateway's clock. */
export interface Seen {
  readonly addresses: readonly string[];
  readonly tls: Detail;
  readonly date: Date | undefined;
}

/** Goes the way that a call would go, a step at a time, and sends nothing but a question for the time. */
export async function probe(way: Way): Promise<{ readonly stop: Stop } | { readonly seen: Seen }> {
  const opened = way.proxy === undefined ? await openDirect(way) : await openTunnel(way, way.proxy);
  if ('stop' in opened) return opened;
  const { addresses, socket } = opened;
  try {
    const secured = await secure(way, socket);
    if ('stop' in secured) return secured;
    const date = await askTime(secured.tls, way);
    const { issuer } = secured.tls.getPeerCertificate();
    const protocol = secured.tls.getProtocol() ?? 'TLS';
    return { seen: { addresses, tls: (words) => words.issuedBy(protocol, nameOf(issuer)), date } };
  } finally {
    socket.destroy();
  }
}

type Opened = { readonly addresses: readonly string[]; readonly socket: Socket } | { readonly stop: Stop };

async function openDirect({ host, port, timeoutMs }: Way): Promise<Opened> {
  let addresses: string[];
  try {
    addresses = (await lookup(host, { all: true })).map(({ address }) => address);
  } catch (error) {
    return { stop: { at: 'dns', cause: 'host-not-found', detail: codeOf(error) } };
  }
  return new Promise((resolve) => {
    const socket = connectTcp({ host, port });
    const end = (result: Opened): void => {
      clearTimeout(timer);
      resolve(result);
    };
    const timer = setTimeout(() => {
      socket.destroy();
      resolve({ stop: { at: 'tcp', cause: 'connection-timeout', detail: `${timeoutMs} ms` } });
    }, timeoutMs);
    socket.once('connect', () => {
      end({ addresses, socket });
    });
    socket.on('error', (error) => {
      const code = codeOf(error);
      const cause = code === 'ETIMEDOUT' ? 'connection-timeout' : 'connection-refused';
      end({ stop: { at: 'tcp', cause, detail: code } });
    });
  });
}

/** CONNECT, as the library does. The proxy's password is in no detail. */
function openTunnel({ host, port, timeoutMs }: Way, proxy: string): Promise<Opened> {
  const { protocol, hostname, port: proxyPort, username, password, origin } = new URL(proxy);
  const credentials =
    username || password ? `${decodeURIComponent(username)}:${decodeURIComponent(password)}` : undefined;
  const target = `${host}:${port}`;
  return new Promise((resolve) => {
    const fail = (cause: Cause, detail: Detail): void => {
      clearTimeout(timer);
      resolve({ stop: { at: 'proxy', cause, detail: (words) => `${origin}: ${textOf(detail, words)}` } });
    };
    const asked = (protocol === 'https:' ? requestHttps : requestHttp)({
      method: 'CONNECT',
      host: hostname,
      ...(proxyPort !== '' && { port: proxyPort }),
      path: target,
      headers: {
        host: target,
        ...(credentials && { 'proxy-authorization': `Basic ${Buffer.from(credentials).toString('base64')}` }),
      },
      agent: false,
    });
    const timer = setTimeout(() => {
      asked.destroy();
      fail('proxy-unreachable', (words) => words.noAnswer(timeoutMs));
    }, timeoutMs);
    asked.on('connect', ({ statusCode = 0 }, socket) => {
      if (statusCode < 200 || statusCode > 299) {
        socket.destroy();
        fail('proxy-refuses', (words) => words.connectStatus(statusCode, target));
        return;
      }
      clearTimeout(timer);
      resolve({ addresses: [origin], socket });
    });
    asked.on('response', ({ statusCode = 0 }) => {
      fail('proxy-refuses', (words) => words.connectStatus(statusCode, target));
      asked.destroy();
    });
    asked.on('error', (error) => {
      fail('proxy-unreachable', codeOf(error));
    });
    asked.end();
  });
}

function secure(
  { host, ca, timeoutMs }: Way,
  socket: Socket,
): Promise<{ readonly tls: TLSSocket } | { readonly stop: Stop }> {
  return new Promise((resolve) => {
    // Verified here by hand, so that whoever answers in the place of the gateway can be named; nothing is sent before.
    const tls = connectTls({
      socket,
      host,
      ...(isIP(host) === 0 && { servername: host }),
      minVersion: 'TLSv1.2',
      rejectUnauthorized: false,
      ...(ca && { ca }),
    });
    const stop = (cause: Cause, detail: Detail): void => {
      clearTimeout(timer);
      tls.destroy();
      resolve({ stop: { at: 'tls', cause, detail } });
    };
    const timer = setTimeout(() => {
      stop('not-tls', (words) => words.noHandshake(timeoutMs));
    }, timeoutMs);
    tls.once('secureConnect', () => {
      if (tls.authorized) {
        clearTimeout(timer);
        resolve({ tls });
        return;
      }
      const code = String(tls.authorizationError);
      const { issuer, valid_to: validTo } = tls.getPeerCertificate();
      stop(causeOfTls(code), (words) => words.refusedIssuer(code, nameOf(issuer), validTo));
    });
    tls.on('error', (error: Error) => {
      const code = codeOf(error);
      const isCut = /^(?:ECONNRESET|EPIPE)$/.test(code) || error.message.includes('disconnected before secure');
      stop(isCut ? 'tls-cut' : 'not-tls', code);
    });
    tls.once('close', () => {
      stop('tls-cut', (words) => words.closedInHandshake);
    });
  });
}

function causeOfTls(code: string): Cause {
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') return 'tls-expired';
  return code === 'ERR_TLS_CERT_ALTNAME_INVALID' ? 'tls-other-host' : 'tls-untrusted';
}

/** The Date header of any answer, whatever its status. */
function askTime(tls: TLSSocket, { host, timeoutMs }: Way): Promise<Date | undefined> {
  return new Promise((resolve) => {
    let head = '';
    const end = (date?: Date): void => {
      clearTimeout(timer);
      resolve(date);
    };
    const timer = setTimeout(end, timeoutMs);
    tls.setEncoding('latin1');
    tls.on('data', (chunk: string) => {
      head += chunk;
      const [, text] = /\r\ndate: *([^\r\n]+)\r\n/i.exec(head) ?? [];
      if (text !== undefined) end(Number.isNaN(Date.parse(text)) ? undefined : new Date(text));
      else if (head.includes('\r\n\r\n') || head.length > 65_536) end();
    });
    tls.once('end', () => {
      end();
    });
    tls.on('error', () => {
      end();
    });
    tls.write(`HEAD / HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: wechatpay-cli\r\nConnection: close\r\n\r\n`);
  });
}

function nameOf(issuer: unknown): string {
  const { CN, O } = Object(issuer) as { CN?: unknown; O?: unknown };
  const names = [CN, O].filter((name): name is string => typeof name === 'string');
  return names.length > 0 ? names.join(', ') : '?';
}

function codeOf(error: unknown): string {
  const { code, message } = Object(error) as { code?: unknown; message?: unknown };
  return typeof code === 'string' ? code : String(message);
}
