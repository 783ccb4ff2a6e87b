import type { WechatPayClient } from './client.js';
import { findUnknownProperty } from './call/known-properties.js';
import { timeBy } from './call/time-by.js';
import { WechatPayConfigError } from './errors.js';
import type { CircuitState } from './transport/queue/circuit.js';

/** `degraded`: it works, and somebody has to look. `down`: it cannot do its work. */
export type HealthStatus = 'up' | 'degraded' | 'down';

/** A rule of health that does not hold. */
export interface HealthFinding<Code extends string = string> {
  /** Which rule, as in `certificate-expires`; it is stable. */
  readonly code: Code;
  readonly status: Exclude<HealthStatus, 'up'>;
  /** What is wrong, and what to do; without a secret. */
  readonly message: string;
}

export type ClientHealthCode = 'certificate-expired' | 'certificate-expires' | 'circuit-open';

/** How a client is, as far as that is known without a call: plain data, for a health check of any framework. */
export interface ClientHealth {
  /** The worst of `findings`; `up` where there is none. */
  readonly status: HealthStatus;
  readonly merchantId: string;
  /** Whether the gateway answers. */
  readonly circuit: CircuitState['state'];
  /** Absent with a custom `transport`, as `certificateDaysLeft`. */
  readonly certificateExpiresAt?: Date;
  /** Whole days; below 0 once it has expired. */
  readonly certificateDaysLeft?: number;
  readonly findings: readonly HealthFinding<ClientHealthCode>[];
}

export interface ClientHealthRules {
  /** A certificate is `degraded` in its last so many days. @default 14 */
  readonly certificateDays?: number | undefined;
}

const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * Says how a client is, by rules, and makes no call. For readiness or a dashboard, and not for liveness: no restart helps, and no client
 * can be made of a certificate that has expired.
 *
 * | code | status | when |
 * | --- | --- | --- |
 * | `certificate-expired` | `down` | the API certificate has expired: no order can be reversed or refunded |
 * | `certificate-expires` | `degraded` | it expires within `certificateDays` |
 * | `circuit-open` | `degraded` | the gateway answers nobody, so that calls are not sent |
 *
 * @throws {WechatPayConfigError} a rule that is unknown, or no number of days.
 * @example const { status, findings } = clientHealth(client);
 */
export function clientHealth(client: WechatPayClient, rules: ClientHealthRules = {}): ClientHealth {
  const unknown = findUnknownProperty(rules, ['certificateDays']);
  if (unknown) throw new WechatPayConfigError(unknown.name, unknown.problem);
  const { certificateDays = 14 } = rules;
  if (!(certificateDays >= 0))
    throw new WechatPayConfigError('certificateDays', 'must be a number of days, 0 or more.');
  const { merchantId, certificate } = client;
  const { circuit } = client.load();
  const expiresAt = certificate?.validTo;
  const daysLeft = expiresAt && Math.floor((expiresAt.getTime() - timeBy(() => client.now())) / DAY_MS);
  const findings: HealthFinding<ClientHealthCode>[] = [];
  if (daysLeft !== undefined && daysLeft < 0) {
    const message = `The API certificate of merchant ${merchantId} has expired: download a new one from the Merchant Platform.`;
    findings.push({ code: 'certificate-expired', status: 'down', message });
  } else if (daysLeft !== undefined && daysLeft < certificateDays) {
    const message =
      `The API certificate of merchant ${merchantId} expires in ${daysLeft} days: ` +
      'download a new one from the Merchant Platform.';
    findings.push({ code: 'certificate-expires', status: 'degraded', message });
  }
  if (circuit.state !== 'closed') {
    const since = Math.round((circuit.forMs ?? 0) / 1000);
    const why = circuit.reason === 'no-connection' ? 'cannot be reached' : 'does not answer';
    const message = `The gateway ${why} for merchant ${merchantId}, for ${since} s: calls are not sent until it answers. Check the network.`;
    findings.push({ code: 'circuit-open', status: 'degraded', message });
  }
  return {
    status: worstHealth(findings),
    merchantId,
    circuit: circuit.state,
    ...(expiresAt && { certificateExpiresAt: new Date(expiresAt) }),
    ...(daysLeft !== undefined && { certificateDaysLeft: daysLeft }),
    findings,
  };
}

/** The status of what has these findings: the worst of them, `up` where there is none. */
export function worstHealth(findings: readonly HealthFinding[]): HealthStatus {
  if (findings.some(({ status }) => status === 'down')) return 'down';
  return findings.length > 0 ? 'degraded' : 'up';
}
