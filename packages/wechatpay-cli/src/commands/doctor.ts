import { readEnvironment, type WechatPayConfig } from 'wechatpay-core';
import { CliError } from '../cli-error.js';
import { checkGateway } from '../doctor/check-gateway.js';
import { checkNetwork } from '../doctor/check-network.js';
import { checkRuntime } from '../doctor/check-runtime.js';
import { checkSettings } from '../doctor/check-settings.js';
import { failed, textOf, type Check, type Finding } from '../doctor/finding.js';
import { EXIT_CODES } from '../exit-codes.js';
import { withProgress } from '../output/progress.js';
import { printable } from '../output/table.js';
import type { Report, Session } from '../session.js';
import { chooseMerchant, type NamedMerchant } from '../settings/merchants.js';
import { readVariables } from '../settings/variables.js';

/** `wechatpay doctor`: what is wrong, in the order in which it would bite. */
export async function doctor(session: Session, { offline }: { readonly offline?: boolean }): Promise<Report> {
  const { io } = session;
  const environment = readVariables(session);
  const findings = checkRuntime(io, environment);
  const merchant = choose(session, environment);
  if ('failure' in merchant) return report(session, [...findings, merchant.failure]);
  const { prefix } = merchant;
  const read = { ...readEnvironment(environment, { prefix }), prefix, environment };
  findings.push(...checkSettings(read, io.now()));
  // Without an address there is no way to be tried; a wrong key hides nothing of the network.
  const hasWay = !findings.some(({ cause }) => cause !== undefined && NEEDED_FOR_A_WAY.includes(cause));
  if (offline || !hasWay) return report(session, [...findings, ...skipped(['dns', 'gateway'])]);
  const before = [...findings];
  const network = await withProgress(session, session.words.doctor.checking('network'), () => checkNetwork(read, io));
  findings.push(...network);
  // One of several hosts is enough to ask at; the others are told all the same.
  const isReached = network.some(({ status, check }) => status === 'ok' && check === 'tls');
  if (!isReached || before.some(({ status }) => status === 'failed')) {
    return report(session, [...findings, ...skipped(['gateway'])]);
  }
  findings.push(
    ...(await withProgress(session, session.words.doctor.checking('gateway'), () =>
      checkGateway(read.settings as WechatPayConfig, prefix, io),
    )),
  );
  return report(session, findings);
}

const NEEDED_FOR_A_WAY: readonly string[] = ['base-url-form', 'proxy-form', 'ca-unreadable', 'number-form'];

function choose(
  session: Session,
  environment: ReturnType<typeof readVariables>,
): NamedMerchant | { readonly failure: Finding } {
  try {
    return chooseMerchant(session, environment);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    return { failure: failed('settings', 'merchant-not-chosen', '--merchant', error.message) };
  }
}

function skipped(checks: readonly Check[]): Finding[] {
  return checks.map((check) => ({ check, status: 'skipped' }));
}

function report({ words, colors, io }: Session, findings: readonly Finding[]): Report {
  const failures = findings.filter(({ status }) => status === 'failed');
  const shown = findings.map((finding) => ({ ...finding, ...explain(words.doctor, finding) }));
  const isColored = io.stdout.isTTY === true;
  const paint = (status: Finding['status'], text: string): string => {
    if (!isColored) return text;
    return { ok: colors.green, warning: colors.yellow, failed: colors.red, skipped: colors.dim }[status](text);
  };
  return {
    exitCode: failures.length > 0 ? EXIT_CODES.refused : EXIT_CODES.done,
    result: { healthy: failures.length === 0, cause: failures[0]?.cause ?? null, findings: shown },
    lines: [
      ...shown.flatMap(({ check, status, subject, detail, finding, remedy }) => {
        const title = words.doctor.checks[check];
        const what = [subject, finding ?? detail].filter(Boolean).join(': ');
        return [
          `${paint(status, words.doctor.statuses[status])} ${title}${what === '' ? '' : `  ${printable(what)}`}`,
          ...(finding !== undefined && detail !== undefined ? [`    ${printable(detail)}`] : []),
          ...(remedy === undefined ? [] : [`    ${words.doctor.remedy}: ${remedy}`]),
        ];
      }),
      failures.length === 0 ? words.doctor.allWell : words.doctor.firstOf(failures.length),
    ],
  };
}

function explain(
  { causes, details }: Session['words']['doctor'],
  { cause, detail: seen }: Finding,
): { readonly detail: string | undefined; readonly finding?: string; readonly remedy?: string } {
  const detail = seen === undefined ? undefined : textOf(seen, details);
  if (cause === undefined) return { detail };
  const [finding, remedy] = causes[cause];
  return { detail, finding, remedy };
}
