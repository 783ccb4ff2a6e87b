import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';
import { root } from './pack.js';
import type { Project } from './project.js';

const guide = readFileSync(join(root, 'docs/guides/durable-orders.md'), 'utf8');

/** The first try of durable orders, as a reader of the guide does it. */
export function testFirstTry(project: () => Project): void {
  test('the first try of durable orders: a process dies, and the next one says that the order is paid', async () => {
    const [, code] = /^Save this as `durable\.mjs`:\n\n```ts\n([\s\S]*?)^```/m.exec(guide) ?? [];
    expect(code).toBeDefined();
    mkdirSync(join(project().folder, 'first-try'));
    const here = project().within('first-try');
    here.write('durable.mjs', code ?? '');
    const pay = (): ReturnType<Project['run']> => here.run('node', 'durable.mjs', 'pay');
    expect(await pay()).toMatchObject({ code: -1, stdout: 'pending\n' });

    const stdio = ['ignore', 'pipe', 'inherit'] as const;
    const next = spawn(process.execPath, ['durable.mjs'], { cwd: here.folder, stdio: [...stdio] });
    onTestFinished(() => void next.kill());
    const ended = once(next, 'exit');
    expect(await once(createInterface(next.stdout), 'line')).toEqual(['A3 paid']);
    next.kill('SIGINT');
    await ended;

    const again = await pay();
    expect(again.code).toBe(1);
    expect(again.output).toContain('outTradeNo: was charged before');
  });
}
