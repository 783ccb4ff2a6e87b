import type { Socket } from 'node:net';
import { ProxyFailure } from './failure.js';

/** An HTTP proxy that opens tunnels by CONNECT. */
export interface Proxy {
  /** Without credentials, as messages name it. */
  readonly origin: string;
  readonly isSecure: boolean;
  readonly host: string;
  readonly port: number;
  /** `Proxy-Authorization`: a secret. */
  readonly authorization: string | undefined;
}

/** @returns undefined where the text is not the URL of such a proxy. */
export function parseProxy(text: unknown): Proxy | undefined {
  const url = typeof text === 'string' && URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.pathname !== '/' || url.search || url.hash) return undefined;
  const isSecure = url.protocol === 'https:';
  const credentials = url.username || url.password ? decode(`${url.username}:${url.password}`) : undefined;
  if (credentials === null) return undefined;
  return {
    origin: url.origin,
    isSecure,
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? (isSecure ? 443 : 80) : Number(url.port),
    authorization: credentials && `Basic ${Buffer.from(credentials).toString('base64')}`,
  };
}

function decode(credentials: string): string | null {
  try {
    return decodeURIComponent(credentials);
  } catch {
    return null;
  }
}

/**
 * Opens a tunnel through the proxy. Nothing of a request goes to the proxy: what it sees is the host's name, then TLS.
 *
 * @param target as in `apihk.mch.weixin.qq.com:443`.
 * @returns stops it.
 */
export function openTunnel(
  proxy: Proxy,
  target: string,
  ca: Buffer | undefined,
  done: (error: Error | null, socket?: Socket) => void,
): () => void {
  // Loaded when it is needed: with the package, it would double the time of importing it.
  const { request } = process.getBuiltinModule(proxy.isSecure ? 'node:https' : 'node:http');
  const { authorization } = proxy;
  const asked = request({
    method: 'CONNECT',
    host: proxy.host,
    port: proxy.port,
    path: target,
    headers: { host: target, ...(authorization !== undefined && { 'proxy-authorization': authorization }) },
    agent: false,
    ...(ca && { ca }),
    rejectUnauthorized: true,
  });
  asked.on('connect', ({ statusCode = 0 }, socket: Socket, head: Buffer) => {
    socket.on('error', () => undefined); // told by the TLS socket over it
    if (statusCode >= 200 && statusCode < 300 && head.length === 0) {
      done(null, socket);
    } else {
      socket.destroy();
      done(new ProxyFailure(describeRefusal(proxy, target, statusCode)));
    }
  });
  asked.on('error', (cause: NodeJS.ErrnoException) => {
    const what = cause.code ?? 'it does not answer as a proxy does';
    done(new ProxyFailure(`the proxy ${proxy.origin} failed: ${what}; check \`proxy\``, { cause }));
  });
  asked.end();
  return () => {
    asked.destroy();
  };
}

function describeRefusal({ origin, authorization }: Proxy, target: string, status: number): string {
  const answered = `the proxy ${origin} answered HTTP ${status} to CONNECT ${target}`;
  if (status === 407) {
    return authorization === undefined
      ? `${answered}; it wants a user and a password: give them in \`proxy\`, as in http://user:password@host:port`
      : `${answered}; it refuses the user and password of \`proxy\`: check them, percent-encoded where they have special characters`;
  }
  if (status === 403 || status === 405) return `${answered}; have it allow this host`;
  return `${answered}; see its log`;
}

/**
 * Where the environment names a proxy for a host, and nobody said whether to use it: its variable's name. Not its value, which may hold
 * a password.
 */
export function ambientProxy(hostnames: readonly string[], env: NodeJS.ProcessEnv): string | undefined {
  const name = ['HTTPS_PROXY', 'https_proxy', 'ALL_PROXY', 'all_proxy'].find((each) => env[each]);
  const exceptions = (env.NO_PROXY ?? env.no_proxy ?? '').split(/[\s,]+/).filter((each) => each !== '');
  const isException = (hostname: string): boolean =>
    exceptions.some((each) => each === '*' || `.${hostname}`.endsWith(`.${each.replace(/^\*?\./, '')}`));
  return hostnames.every(isException) ? undefined : name;
}
