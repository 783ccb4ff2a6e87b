import { existsSync, readFileSync } from 'node:fs';
import { DEFAULT_BASE_URL, type Environment } from 'wechatpay-core';
import type { Io } from '../io.js';
import { failed, ok, warning, type Detail, type Finding } from './finding.js';
import { probe, type Seen } from './probe.js';
import type { ReadSettings } from './check-settings.js';

const MAX_SKEW_MS = 60_000;

/** The way to each host: proxy, DNS, TCP, TLS, and the clock that answers there. */
export async function checkNetwork(read: ReadSettings, io: Io): Promise<Finding[]> {
  const { settings, environment, prefix } = read;
  const urls = [settings.baseUrl ?? DEFAULT_BASE_URL].flat().map((url) => new URL(url));
  const found: Finding[] = ambient(environment, settings.proxy, urls, prefix);
  const { proxy, ca, connectTimeoutMs = 5_000 } = settings;
  for (const url of urls) {
    const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
    const way = {
      host,
      port: url.port === '' ? 443 : Number(url.port),
      proxy: proxy === false ? undefined : proxy,
      ca: ca === undefined ? undefined : pemOf(ca),
      timeoutMs: connectTimeoutMs,
    };
    const ended = await probe(way);
    if ('stop' in ended) {
      const { at, cause, detail } = ended.stop;
      found.push(failed(at, cause, url.host, detail));
    } else {
      found.push(...reached(url.host, ended.seen, way.proxy !== undefined, io.now()));
    }
  }
  return found;
}

function reached(host: string, { addresses, tls, date }: Seen, isThroughProxy: boolean, now: number): Finding[] {
  const way = isThroughProxy
    ? [ok('proxy', addresses.join(', '), host)]
    : [ok('dns', addresses.join(', '), host), ok('tcp', undefined, host)];
  return [...way, ok('tls', tls, host), clock(host, date, now)];
}

function clock(host: string, date: Date | undefined, now: number): Finding {
  if (!date) return warning('clock', 'no-date', host);
  const skewMs = now - date.getTime();
  const detail: Detail = (words) => words.clocks(new Date(now), date);
  // The header has whole seconds, and took its time to arrive.
  return Math.abs(skewMs) > MAX_SKEW_MS ? failed('clock', 'clock-skew', host, detail) : ok('clock', detail, host);
}

/** A proxy that the environment names, and nobody said whether to use it. Its value may hold a password, and is not shown. */
function ambient(
  environment: Environment,
  proxy: string | false | undefined,
  urls: readonly URL[],
  prefix: string,
): Finding[] {
  if (proxy !== undefined) return [];
  const name = ['HTTPS_PROXY', 'https_proxy', 'ALL_PROXY', 'all_proxy'].find((each) => environment[each]);
  if (name === undefined) return [];
  const exceptions = (environment.NO_PROXY ?? environment.no_proxy ?? '').split(/[\s,]+/).filter(Boolean);
  const isException = ({ hostname }: URL): boolean =>
    exceptions.some((each) => each === '*' || `.${hostname}`.endsWith(`.${each.replace(/^\*?\./, '')}`));
  return urls.every(isException) ? [] : [warning('proxy', 'proxy-ignored', name, `${prefix}PROXY`)];
}

/** The roots as PEM text: a path, PEM text or base64, as the core takes them, which has read them by now without a problem. */
function pemOf(ca: string | Uint8Array): string {
  const text = typeof ca === 'string' ? ca : Buffer.from(ca).toString('latin1');
  if (text.includes('-----BEGIN')) return text.replaceAll(/(?:\\r)?\\n/g, '\n');
  return existsSync(text) ? readFileSync(text, 'latin1') : Buffer.from(text, 'base64').toString('latin1');
}
