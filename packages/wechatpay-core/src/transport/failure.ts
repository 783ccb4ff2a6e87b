import { CallTimeout, type CallLimit } from './call-limit.js';
import { WechatPayResponseError, WechatPayTransportError } from '../errors.js';
import type { Redactor } from './redact.js';

/** The answer has more bytes than any reply. */
export class TooLarge extends Error {}

/** The connection was not there in time. */
export class ConnectTimeout extends Error {}

/** The proxy did not open a tunnel. The message names it without its credentials, and the remedy. */
export class ProxyFailure extends Error {
  readonly code = 'ERR_PROXY';
}

export interface Circumstances {
  readonly origin: string;
  /** Whether the first byte of the request may have left. */
  readonly sent: boolean;
  readonly limit: CallLimit;
  readonly redactor: Redactor;
}

/** The error of a call that brought no answer: what failed, whether anything was sent, and what to do. */
export function describeFailure(
  cause: unknown,
  { origin, sent, limit, redactor }: Circumstances,
): WechatPayTransportError | WechatPayResponseError {
  if (cause instanceof TooLarge) return new WechatPayResponseError(`${cause.message} ${SENT}`);
  const failure = (code: WechatPayTransportError['code'], what: string): WechatPayTransportError =>
    new WechatPayTransportError(
      code,
      `${what} (${origin}). ${sent ? SENT : 'Nothing was sent.'}`,
      sent ? 'unknown' : 'not-sent',
      { cause: redactor.cause(cause) },
    );
  if (cause instanceof CallTimeout) return failure('WECHATPAY_TIMEOUT', cause.message);
  if (limit.isOver) return failure('WECHATPAY_ABORTED', 'aborted by the caller');
  if (cause instanceof ConnectTimeout) return failure('WECHATPAY_TIMEOUT', cause.message);
  if (cause instanceof ProxyFailure) return failure('WECHATPAY_CONNECTION', `no connection: ${cause.message}`);
  const { code, message } = Object(cause) as { code?: unknown; message?: unknown };
  const what = sent ? 'the connection broke before the answer was complete' : 'no connection';
  return failure('WECHATPAY_CONNECTION', `${what}: ${describeCode(code, message, redactor)}`);
}

const SENT = 'The request was sent, so its outcome is unknown: query the order, or repeat the call.';

function describeCode(code: unknown, message: unknown, redactor: Redactor): string {
  if (typeof code !== 'string') return typeof message === 'string' ? redactor.text(message) : 'no reason given';
  const remedy = REMEDIES.find(([pattern]) => pattern.test(code))?.[1];
  return remedy === undefined ? code : `${code}, ${remedy}`;
}

const REMEDIES: readonly (readonly [code: RegExp, remedy: string])[] = [
  [
    /^ENOTFOUND$|^EAI_/,
    'the host name cannot be resolved; check `baseUrl`, the DNS of this machine or container, and whether its network needs `proxy`',
  ],
  [
    /^ECONNREFUSED$|^E(?:NET|HOST)(?:UNREACH|DOWN)$|^ETIMEDOUT$|^EADDRNOTAVAIL$/,
    'the host cannot be reached; check `baseUrl`, the firewall, and whether this network needs `proxy`',
  ],
  [
    /^CERT_HAS_EXPIRED$|^CERT_NOT_YET_VALID$/,
    "the server's certificate is not valid at this time; check this machine's clock and `baseUrl`",
  ],
  [/^ERR_TLS_CERT_ALTNAME_INVALID$/, "the server's certificate is for another host; check `baseUrl`"],
  [
    /^UNABLE_TO_|^SELF_SIGNED_|^DEPTH_ZERO_|^CERT_|^ERR_UNTRUSTED_ROOT$|^INVALID_CA$/,
    "the server's certificate is not trusted; where a sandbox or a proxy that inspects TLS answers, give its root certificate as `ca`",
  ],
  [
    /^ERR_SSL_.*ALERT.*(?:CERT|UNKNOWN_CA)/,
    "the server refused the client certificate; check that `certificate` is this merchant's, and in force",
  ],
  [
    /^ERR_SSL_(?:WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|UNSUPPORTED_PROTOCOL)$|^EPROTO$/,
    'the server does not speak TLS 1.2 or later; check `baseUrl`',
  ],
];
