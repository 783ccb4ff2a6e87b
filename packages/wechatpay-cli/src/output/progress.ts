import type { Session } from '../session.js';

/** What lasts longer than a second says so, on the standard error; a terminal counts the seconds. */
export async function withProgress<Result>(
  session: Session,
  what: string,
  work: () => Promise<Result>,
): Promise<Result> {
  const { stderr } = session.io;
  const isTerminal = stderr.isTTY === true;
  const startedAt = performance.now();
  const shown = { isShown: false };
  const timer = setInterval(() => {
    const seconds = Math.round((performance.now() - startedAt) / 1000);
    if (isTerminal) stderr.write(`\r${what} ${seconds} s`);
    else if (!shown.isShown) stderr.write(`${what}\n`);
    shown.isShown = true;
  }, 1_000);
  try {
    return await work();
  } finally {
    clearInterval(timer);
    if (shown.isShown && isTerminal) stderr.write('\r\u001b[K');
  }
}
