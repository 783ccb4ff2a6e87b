import { readFileSync } from 'node:fs';
import type { Environment } from 'wechatpay-core';
import type { Io } from '../io.js';
import { failed, ok, warning, type Finding } from './finding.js';

const LEAST_NODE = [20, 19] as const;

/** Node.js and OpenSSL, and what the environment does to TLS. */
export function checkRuntime({ versions }: Io, environment: Environment): Finding[] {
  const { node = '0', openssl, bun, deno } = versions;
  const runtime = bun ? `Bun ${bun}` : deno ? `Deno ${deno}` : `Node.js ${node}`;
  const findings: Finding[] = [];
  const [major = 0, minor = 0] = node.split('.').map(Number);
  if (major < LEAST_NODE[0] || (major === LEAST_NODE[0] && minor < LEAST_NODE[1])) {
    findings.push(failed('runtime', 'node-too-old', runtime));
  }
  if (environment.NODE_TLS_REJECT_UNAUTHORIZED === '0') {
    findings.push(warning('runtime', 'tls-verification-off', 'NODE_TLS_REJECT_UNAUTHORIZED'));
  }
  const extra = environment.NODE_EXTRA_CA_CERTS;
  if (extra && !isPem(extra)) findings.push(warning('runtime', 'extra-ca-unreadable', 'NODE_EXTRA_CA_CERTS', extra));
  return findings.length > 0 ? findings : [ok('runtime', `${runtime}, OpenSSL ${openssl ?? '?'}`)];
}

// Node.js itself warns once at its start, and goes on without it.
function isPem(path: string): boolean {
  try {
    return readFileSync(path, 'latin1').includes('-----BEGIN CERTIFICATE-----');
  } catch {
    return false;
  }
}
