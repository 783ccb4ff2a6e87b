import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Where its input ends without a word, this process was killed, and its children are about to end: they write no more. */
const GUARD = 'read -r _ || sleep 3; rm -rf "$1"';

/** A folder that is gone in the end, whatever becomes of this process. */
export async function makeFolder(): Promise<{ path: string; dispose: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'wechatpay-chaos-'));
  const guard = spawn('sh', ['-c', GUARD, 'sh', path], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  guard.unref();
  (guard.stdin as Socket).unref();
  return {
    path,
    dispose: async () => {
      const exit = once(guard, 'exit');
      guard.ref();
      guard.stdin.end('\n');
      await exit;
    },
  };
}
