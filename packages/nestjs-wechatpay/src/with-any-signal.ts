import { setMaxListeners } from 'node:events';

/**
 * Runs with a signal that is aborted as soon as one of the sources is, and leaves no listener on them.
 *
 * Not AbortSignal.any: what it makes of a signal that lives as long as the process is never freed.
 */
export async function withAnySignal<Result>(
  sources: readonly AbortSignal[],
  run: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const controller = new AbortController();
  const onAbort = (): void => {
    controller.abort(sources.find(({ aborted }) => aborted)?.reason);
  };
  for (const source of sources) {
    setMaxListeners(0, source); // shared by every open order
    source.addEventListener('abort', onAbort, { once: true });
  }
  try {
    if (sources.some(({ aborted }) => aborted)) onAbort();
    return await run(controller.signal);
  } finally {
    for (const source of sources) source.removeEventListener('abort', onAbort);
  }
}
