#!/usr/bin/env node
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { orderStates } from './orders/order.js';
import { codeUrlBase } from './pages/payer-pages.js';
import { wellKnownAuthCodes } from './parties/customers.js';
import { Sandbox } from './sandbox.js';

const help = `Usage: wechatpay-sandbox [options]

Starts a local WeChat Pay gateway and prints, as .env lines, the settings of a merchant that it knows.
Ctrl-C ends it. Orders, keys and certificates are new at each start; with --file, certificates alone.

  --port PORT  the port to listen on (default: 0, a free one)
  --host HOST  the address to listen on (default: 127.0.0.1)
  --payer-port PORT
               the port of the pages on which customers pay their orders, over plain HTTP (default: 0, a free one)
  --dir DIR    where the certificates go (default: ./wechatpay-sandbox): apiclient_cert.p12, apiclient_cert.pem,
               apiclient_key.pem and rootca.pem. Files of an earlier run are overwritten.
  --file FILE  where the orders, the ledger and the merchant are kept, for the next start with it (default: nowhere)
  --help       this text
`;

interface Settings {
  port: number;
  payerPort: number;
  host: string;
  directory: string;
  file?: string;
}

/** @throws {Error} whose message says which option is wrong. */
function readSettings(): Settings | 'help' {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '0' },
      host: { type: 'string', default: '127.0.0.1' },
      'payer-port': { type: 'string', default: '0' },
      dir: { type: 'string', default: 'wechatpay-sandbox' },
      file: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help === true) return 'help';
  const port = readPort('--port', values.port);
  const payerPort = readPort('--payer-port', values['payer-port']);
  if (values.host === '') throw new Error('--host takes an address');
  if (values.dir === '') throw new Error('--dir takes a folder');
  const { file } = values;
  if (file === '') throw new Error('--file takes a file');
  return { port, payerPort, host: values.host, directory: resolve(values.dir), ...(file !== undefined && { file }) };
}

function readPort(name: string, value: string): number {
  const port = /^\d{1,5}$/.test(value) ? Number(value) : NaN;
  if (!(port <= 65_535)) throw new Error(`${name} takes a number from 0 to 65535, not '${value}'`);
  return port;
}

async function run({ directory, ...options }: Settings): Promise<void> {
  // Settings go to stdout, where they make a whole .env file, and requests to stderr.
  const sandbox = await Sandbox.start({ ...options, controlApi: true, log: console.error });
  const stop = (): void => void sandbox.stop();
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);

  try {
    await writeCertificates(sandbox, directory);
  } catch (error) {
    stop();
    throw error;
  }
  for (const state of orderStates) {
    const outTradeNo = `demo-${state}`;
    if (!sandbox.orders.get(outTradeNo)) sandbox.orders.create({ state, outTradeNo });
  }
  console.log(describe(sandbox, directory).join('\n'));
}

async function writeCertificates({ ca, merchant }: Sandbox, directory: string): Promise<void> {
  const { pfx, cert, key } = merchant.certificate;
  const files: [name: string, content: string | Buffer, mode: number][] = [
    ['apiclient_cert.p12', pfx, 0o600],
    ['apiclient_cert.pem', cert, 0o644],
    ['apiclient_key.pem', key, 0o600],
    ['rootca.pem', ca, 0o644],
  ];
  await mkdir(directory, { recursive: true });
  for (const [name, content, mode] of files) {
    await writeFile(join(directory, name), content, { mode });
    // The mode above is for a new file only; one of an earlier run may have been opened up since.
    await chmod(join(directory, name), mode);
  }
}

function describe({ baseUrl, merchant, orders, payerPagesUrl = '' }: Sandbox, directory: string): string[] {
  const rootPath = join(directory, 'rootca.pem');
  return [
    `WECHATPAY_APP_ID=${merchant.appId}`,
    `WECHATPAY_MERCHANT_ID=${merchant.merchantId}`,
    `WECHATPAY_API_KEY=${merchant.apiKey}`,
    `WECHATPAY_CERT=${join(directory, 'apiclient_cert.pem')}`,
    `WECHATPAY_KEY=${join(directory, 'apiclient_key.pem')}`,
    `# or: WECHATPAY_PFX=${join(directory, 'apiclient_cert.p12')} (its passphrase is the merchant ID)`,
    `WECHATPAY_CA=${rootPath}`,
    `WECHATPAY_BASE_URL=${baseUrl}`,
    '#',
    '# Orders to reverse (out_trade_no, transaction_id):',
    ...orders.list().map(({ outTradeNo, transactionId }) => `#   ${outTradeNo.padEnd(16)} ${transactionId}`),
    '# Codes to scan (auth_code), each as often as you like:',
    ...Object.entries(wellKnownAuthCodes).map(([name, authCode]) => `#   ${name.padEnd(17)} ${authCode}`),
    `# To pay an order as its customer, open its code_url in a browser, with ${payerPagesUrl} in place of ${codeUrlBase}`,
    `# What has become of them: curl --cacert ${rootPath} ${baseUrl}/_sandbox/orders`,
    '# Ctrl-C ends the sandbox.',
  ];
}

try {
  const settings = readSettings();
  if (settings === 'help') process.stdout.write(help);
  else await run(settings).catch(fail(1));
} catch (error) {
  fail(2)(error);
}

/** @param exitCode 2 for a mistake in the call, 1 for what else goes wrong. */
function fail(exitCode: number): (error: unknown) => void {
  return (error) => {
    const hint = exitCode === 2 ? "\nTry 'wechatpay-sandbox --help'." : '';
    console.error(`wechatpay-sandbox: ${error instanceof Error ? error.message : String(error)}${hint}`);
    process.exitCode = exitCode;
  };
}
