import { randomBytes } from 'node:crypto';

/** A setting of this application, from the environment, is wrong. */
export class SettingError extends Error {
  /** Puts into words why listening failed; what is not about the port stays as it is. */
  static from(error: unknown, port: number): unknown {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE') {
      return new SettingError(`PORT: ${port} is taken; set another one, or 0 for any free one.`);
    }
    if (code === 'EACCES') return new SettingError(`PORT: ${port} needs more rights; set one above 1023.`);
    return error;
  }
}

/**
 * @param value what the environment says: 3000 where it says nothing, a free port of the system for 0.
 * @throws {SettingError} what is no port.
 */
export function readPort(value = ''): number {
  if (value === '') return 3000;
  const port = /^\d{1,5}$/.test(value) ? Number(value) : NaN;
  if (!(port <= 65_535)) {
    throw new SettingError(`PORT: must be a number from 0 to 65535, not ${JSON.stringify(value)}.`);
  }
  return port;
}

/**
 * The till's token: a new one at each start where the environment says nothing.
 *
 * @throws {SettingError} one that can be guessed, or that no header can carry.
 */
export function readToken(value = ''): string {
  if (value === '') return randomBytes(15).toString('base64url');
  if (/^[\x21-\x7e]{12,200}$/.test(value)) return value;
  throw new SettingError('TILL_TOKEN: must be 12 to 200 letters, digits or signs, without a space.');
}

/**
 * Host headers to accept besides those of this machine, separated by commas.
 *
 * @throws {SettingError} what is not a host, with or without a port.
 */
export function readAllowedHosts(value = ''): string[] {
  const hosts = value
    .split(',')
    .map((host) => host.trim())
    .filter((host) => host !== '');
  const wrong = hosts.find((host) => !/^([a-z0-9._-]+|\[[0-9a-f:.]+\])(:\d{1,5})?$/i.test(host));
  if (wrong === undefined) return hosts;
  throw new SettingError(
    `ALLOWED_HOSTS: ${JSON.stringify(wrong)} is not a host; write it as in till.example.com or till.example.com:8443.`,
  );
}

/**
 * Where WeChat Pay reaches this server, without a slash at the end.
 *
 * @throws {SettingError} what is not an https address; http is for this machine alone, for a sandbox beside this process.
 */
export function readPublicUrl(value = ''): string | undefined {
  if (value === '') return undefined;
  const url = URL.canParse(value) ? new URL(value) : undefined;
  const isLocal = ['localhost', '127.0.0.1', '[::1]'].includes(url?.hostname ?? '');
  const isPlain = url?.search === '' && url.hash === '' && url.username === '' && !value.includes('?');
  if (url && isPlain && (url.protocol === 'https:' || (url.protocol === 'http:' && isLocal))) {
    return url.href.replace(/\/+$/, '');
  }
  throw new SettingError(
    `PUBLIC_URL: ${JSON.stringify(value)} is not where WeChat Pay can reach this; write it as in https://till.example.com.`,
  );
}

/**
 * How many times as fast as the real one the sandbox's time goes: 1 where the environment says nothing.
 *
 * @throws {SettingError} what is no such number.
 */
export function readSpeed(value = ''): number {
  if (value === '') return 1;
  const speed = /^\d{1,2}$/.test(value) ? Number(value) : NaN;
  if (!(speed >= 1)) throw new SettingError(`DEMO_SPEED: must be a number from 1 to 99, not ${JSON.stringify(value)}.`);
  return speed;
}
