import { PassThrough } from 'node:stream';
import type { Io } from '../src/index.js';

/** Somebody at a terminal, who types these keys as soon as the question stands there. */
export function typing(
  keys: string,
  question: string,
): Pick<Io, 'stdin' | 'stderr'> & { readonly shown: () => string } {
  const stdin = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => undefined });
  const stderr = Object.assign(new PassThrough(), { isTTY: true, columns: 80 });
  let shown = '';
  let isTyped = false;
  stderr.on('data', (chunk: Buffer) => {
    shown += chunk.toString();
    if (isTyped || !shown.includes(question)) return;
    isTyped = true;
    setImmediate(() => stdin.write(keys));
  });
  return { stdin, stderr, shown: () => shown };
}
