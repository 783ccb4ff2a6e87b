import type { RefundEvent, ResolutionEvent, WechatPayClient } from 'wechatpay-core';
import type { Io } from '../io.js';
import type { Session } from '../session.js';
import { watchStep } from './watch.js';

/** A step that was taken, of an order or a refund. */
interface Taken {
  readonly step: { readonly kind: string };
  readonly event: ResolutionEvent | RefundEvent;
}

/** What every closed loop of the core is run with: how long, until when, and who is told of its steps. */
export function runOptions(
  session: Session,
  client: WechatPayClient,
  { timeout, watch }: { readonly timeout?: number | undefined; readonly watch?: boolean | undefined },
): {
  readonly signal?: AbortSignal;
  readonly wait?: NonNullable<Io['wait']>;
  readonly deadline?: Date;
  readonly onStep?: (taken: Taken) => void;
} {
  const { signal, wait } = session.io;
  return {
    ...(signal && { signal }),
    ...(wait && { wait }),
    ...(timeout !== undefined && { deadline: new Date(client.now() + timeout * 1000) }),
    ...(watch && {
      onStep: ({ step, event }) => {
        watchStep(session, step.kind, event);
      },
    }),
  };
}
