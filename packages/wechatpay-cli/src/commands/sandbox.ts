import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { CliError } from '../cli-error.js';
import { EXIT_CODES } from '../exit-codes.js';
import type { Report, Session } from '../session.js';

/** `wechatpay sandbox`: the program of wechatpay-sandbox, with its own arguments and output. */
export async function sandbox({ words, io }: Session, given: readonly string[]): Promise<Report> {
  const program = find();
  if (program === undefined) {
    throw new CliError(EXIT_CODES.usage, 'PACKAGE_MISSING', words.missingPackage('wechatpay-sandbox'));
  }
  const child = spawn(process.execPath, [program, ...given], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...io.env } });
  child.stdout.on('data', (chunk: Buffer) => io.stdout.write(chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => io.stderr.write(chunk.toString()));
  io.signal?.addEventListener('abort', () => child.kill('SIGINT'), { once: true });
  const [code] = (await once(child, 'close')) as [number | null];
  const exitCode = code === 0 ? EXIT_CODES.done : code === 2 ? EXIT_CODES.usage : EXIT_CODES.refused;
  return { exitCode, result: {}, lines: [] };
}

function find(): string | undefined {
  try {
    const manifest = createRequire(import.meta.url).resolve('wechatpay-sandbox/package.json');
    const { bin } = createRequire(import.meta.url)(manifest) as { bin: Record<string, string> };
    return join(dirname(manifest), bin['wechatpay-sandbox'] ?? '');
  } catch {
    return undefined;
  }
}
