import type { RefundEvent, ResolutionEvent } from 'wechatpay-core';
import type { Session } from '../session.js';
import { printable } from '../output/table.js';

/** Tells a step as it is taken: a line on the standard error, or with `--json` one of JSON, before the result's. */
export function watchStep({ io, options }: Session, step: string, event: ResolutionEvent | RefundEvent): void {
  if (options.json) {
    io.stdout.write(`${JSON.stringify({ schema: 'wechatpay-cli/1', step, event: summaryOf(event) })}\n`);
    return;
  }
  const told = Object.entries(summaryOf(event))
    .filter(([name]) => name !== 'kind')
    .map(([name, value]) => `${name} ${shown(name, value)}`);
  io.stderr.write(printable(`${new Date(io.now()).toISOString()} ${step}: ${[event.kind, ...told].join(', ')}`) + '\n');
}

function shown(name: string, value: unknown): string {
  if (typeof value === 'number' && name.endsWith('At')) return new Date(value).toISOString();
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** What an event says in few words. */
function summaryOf(event: ResolutionEvent | RefundEvent): Record<string, unknown> {
  if (event.kind !== 'failed') return { ...event };
  const { code, errorCode, outcome, message } = event.error;
  return { kind: event.kind, code, ...(errorCode !== undefined && { errorCode }), outcome, message };
}
