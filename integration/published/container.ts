import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { beforeAll, expect, inject, onTestFinished, test } from 'vitest';
import { Sandbox, wellKnownAuthCodes } from 'wechatpay-sandbox';
import { build, type Image } from './image.js';
import { tarball } from './pack.js';
import type { Project } from './project.js';
import { run } from './run.js';

interface Service {
  readonly build?: { readonly target?: string };
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly healthcheck?: { readonly test: readonly string[] };
}
type Services = Readonly<Record<string, Service>>;

/** As `docker compose -f first -f second` does, as far as these files need it: what the second one sets replaces, variables are added. */
function merged(first: Services, second: Services): Services {
  const names = Object.keys({ ...first, ...second });
  const merge = (name: string): Service => {
    const environment = { ...first[name]?.environment, ...second[name]?.environment };
    return { ...first[name], ...second[name], environment };
  };
  return Object.fromEntries(names.map((name) => [name, merge(name)]));
}

interface Running {
  /** The first line that it writes. */
  readonly line: Promise<string>;
  /** As Docker stops a container. @returns how it ended: its exit code, or the signal. */
  stop(): Promise<unknown[]>;
}

/** Runs a command in an image, to the end of the test at the latest. */
function start({ root, workdir }: Image, command: readonly string[], env: NodeJS.ProcessEnv): Running {
  const [name = '', ...parameters] = command;
  const program = name === 'node' ? process.execPath : name;
  const cwd = join(root, workdir);
  const child = spawn(program, parameters, { cwd, env, stdio: ['ignore', 'pipe', 'inherit'], detached: true });
  const ended = once(child, 'exit');
  const end = (): void => {
    const { pid, exitCode, signalCode } = child;
    if (pid !== undefined && exitCode === null && signalCode === null) process.kill(-pid); // with what it has started itself
  };
  onTestFinished(end);
  const line = once(createInterface(child.stdout), 'line').then(([text]) => text as string);
  return { line, stop: () => (end(), ended) };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function charge(listening: string, outTradeNo: string, authCode: string): Promise<unknown> {
  const url = `http://127.0.0.1:${listening.replace(/\D/g, '')}/orders/${outTradeNo}/pay`;
  const body = JSON.stringify({ authCode, totalFee: 888, body: 'tea' });
  return (await fetch(url, { method: 'POST', body })).json();
}

/** The Dockerfile and the compose files of examples/worker. */
export function testContainer(project: () => Project, database: () => Promise<string>): void {
  let image: Image;
  let stages: ReadonlyMap<string, Image>;
  let services: Services;
  let inSandbox: Services;

  beforeAll(async () => {
    const { folder } = project();
    const names = ['wechatpay-core', 'wechatpay-durable', 'wechatpay-sandbox'] as const;
    // What a registry would have: the tarballs of this release.
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Record<
      'dependencies' | 'devDependencies',
      Record<string, string>
    >;
    for (const group of [manifest.dependencies, manifest.devDependencies]) {
      for (const name of names) if (name in group) group[name] = tarball(inject('outside'), name);
    }
    const context = mkdtempSync(join(inject('outside'), 'context-'));
    cpSync(folder, context, { recursive: true });
    writeFileSync(join(context, 'package.json'), JSON.stringify(manifest));
    const lock = ['install', '--package-lock-only', '--no-audit', '--no-fund', '--prefer-offline'];
    expect(await run(context, 'npm', ...lock)).toMatchObject({ code: 0 });
    ({ image, stages } = await build(readFileSync(join(context, 'Dockerfile'), 'utf8'), context));

    const { parse } = createRequire(import.meta.url)(project().module('yaml')) as {
      parse: (text: string, options: object) => { services: Services };
    };
    const read = (file: string): Services =>
      parse(readFileSync(join(folder, file), 'utf8'), { merge: true, logLevel: 'error' }).services; // `!reset` is Compose's own
    services = read('compose.yaml');
    inSandbox = merged(services, read('compose.sandbox.yaml'));
  });

  test('its image has what runs, and nothing of development', () => {
    expect(existsSync(join(image.root, 'app/node_modules/wechatpay-durable'))).toBe(true);
    expect(existsSync(join(image.root, 'app/node_modules/wechatpay-sandbox'))).toBe(false);
    expect(existsSync(join(image.root, 'app/node_modules/typescript'))).toBe(false);
    expect(existsSync(join(image.root, 'app/src'))).toBe(false);
  });

  test('the processes of compose.yaml start in it, charge a customer, and end by SIGTERM', async () => {
    const sandbox = await Sandbox.start();
    const { appId, merchantId, apiKey, certificate, ca, baseUrl } = sandbox.merchant;
    const secret = join(image.root, 'apiclient_cert.p12');
    writeFileSync(secret, certificate.pfx);
    const here = {
      DATABASE_URL: await database(),
      WECHATPAY_PFX: secret,
    };
    // What compose.yaml sets is set, and nothing else but what stands in .env.
    expect(Object.keys(services.web?.environment ?? {}).sort()).toEqual(Object.keys(here).sort());
    const dotEnv = {
      WECHATPAY_APP_ID: appId,
      WECHATPAY_MERCHANT_ID: merchantId,
      WECHATPAY_API_KEY: apiKey,
      WECHATPAY_CA: ca,
      WECHATPAY_BASE_URL: baseUrl,
    };
    const env = { ...image.env, ...dotEnv, ...here, PATH: process.env.PATH, PORT: '0', HEALTH_PORT: '0' };
    const worker = start(image, services.worker?.command ?? image.command, env);
    await worker.line;
    const web = start(image, services.web?.command ?? image.command, env);
    const { authCode } = sandbox.customers.create({ behaviour: 'pays-at-once' });
    expect(await charge(await web.line, 'D-1', authCode)).toEqual({ outcome: 'paid' });
    expect(await web.stop()).toEqual([0, null]);
    expect(await worker.stop()).toEqual([0, null]);
    await sandbox.stop();
  });

  test('with compose.sandbox.yaml a sandbox starts, is healthy, and the processes take their settings from it', async () => {
    const volume = mkdtempSync(join(inject('outside'), 'sandbox-'));
    const healthPort = String(await freePort());
    /** What Docker has and this machine has not: the volume at /sandbox, a name in the network, ports that nobody else uses. */
    const here = (text: string): string =>
      text
        .replaceAll('/sandbox', volume)
        .replace('--host wechatpay --port 8443', '--host localhost --port 0')
        .replace(':3001', `:${healthPort}`);
    const commandOf = (name: string): string[] => (inSandbox[name]?.command ?? []).map(here);
    const isHealthy = async (name: string): Promise<boolean> => {
      const [, program = '', ...parameters] = (inSandbox[name]?.healthcheck?.test ?? []).map(here);
      return (await run(volume, program, ...parameters)).code === 0;
    };
    const outside = { PATH: process.env.PATH, HOME: process.env.HOME };

    const { build: from } = inSandbox.wechatpay ?? {};
    const development = stages.get(from?.target ?? '');
    if (!development) throw new Error('The sandbox runs in a stage of the Dockerfile, which does not have it.');
    const gateway = start(development, commandOf('wechatpay'), outside);
    await expect.poll(() => isHealthy('wechatpay'), { timeout: 60_000 }).toBe(true);

    expect(inSandbox.web?.environment).toEqual(inSandbox.worker?.environment);
    const env = {
      ...image.env,
      ...inSandbox.web?.environment,
      ...outside,
      DATABASE_URL: await database(),
      PORT: '0',
      HEALTH_PORT: healthPort,
    };
    const web = start(image, commandOf('web'), env);
    const worker = start(image, commandOf('worker'), env);
    await worker.line;
    await expect.poll(() => isHealthy('worker'), { timeout: 60_000 }).toBe(true);
    expect(await charge(await web.line, 'D-2', wellKnownAuthCodes.paysAtOnce)).toEqual({ outcome: 'paid' });
    expect(await web.stop()).toEqual([0, null]);
    expect(await worker.stop()).toEqual([0, null]);
    await gateway.stop();
  });
}
