import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Project } from './project.js';

/** Mutual TLS, what is trusted, and the line between not-sent and unknown: on the runtime itself. */
export function testRuntimes(project: () => Project): void {
  /** The binary that npm installed for this machine; undefined where it has none. */
  function binary(scope: string, ...path: string[]): string | undefined {
    const folder = project().module(scope);
    if (!existsSync(folder)) return undefined;
    return readdirSync(folder)
      .map((name) => join(folder, name, ...path))
      .find((file) => existsSync(file));
  }

  test.for<[string, () => (string | undefined)[], string]>([
    ['Node.js', () => [process.execPath], 'read'],
    ['Bun', () => [binary('@oven', 'bin/bun')], 'certificate.pfx is refused, PEM is named'],
    ['Deno', () => [binary('@deno', 'deno'), 'run', '-A'], 'certificate.pfx is refused, PEM is named'],
  ])('on %s a client reverses, trusts nobody else, and says what was sent', async ([name, command, pfx], { skip }) => {
    const [program, ...options] = command();
    if (program === undefined) skip(`npm has no ${name} for this machine`);
    const { code, stdout, output } = await project().run('node', 'main.mjs', program ?? '', ...options.map(String));
    expect({ code, output }).toMatchObject({ code: 0 });
    expect(stdout).toBe(`OK, a PKCS#12 file: ${pfx}\n`);
  });
}
