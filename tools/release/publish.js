// npm run release -- FOLDER [--dry-run]: publishes the tarballs in a folder, as `npm pack` made them. What the registry has at this
// version already is left alone, so that a release that stopped halfway is finished by the same command.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Peers first: nobody finds a package whose peers are not there yet. */
const PACKAGES = ['wechatpay-core', 'wechatpay-sandbox', 'wechatpay-durable', 'nestjs-wechatpay', 'wechatpay-cli'];

const root = fileURLToPath(new URL('../..', import.meta.url));
const dryRun = process.argv.includes('--dry-run');
const folder = process.argv.slice(2).find((argument) => !argument.startsWith('-'));
if (folder === undefined)
  fail('Usage: npm run release -- FOLDER [--dry-run], where FOLDER has the tarballs of `npm pack`.');

const manifests = PACKAGES.map((name) =>
  JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8')),
);
const versions = new Set(manifests.map(({ version }) => version));
if (versions.size !== 1) fail(`The packages have one version. Found: ${[...versions].join(', ')}.`);
const [version] = versions;

if (!dryRun) {
  const placeholder = manifests.some(({ repository }) => repository.url.includes('/your-organisation/'));
  if (placeholder) fail('The packages name no organisation yet: npm run set-organisation -- <organisation>.');
  const tag = process.env.GITHUB_REF_NAME;
  if (tag !== undefined && tag !== `v${version}`)
    fail(`The tag ${tag} is not that of version ${version}: v${version}.`);
}

// A release candidate goes to those who ask for it: npm install wechatpay-core@rc.
const [, distTag = 'latest'] = /-([a-z]+)\./.exec(version) ?? [];
for (const { name } of manifests) {
  if (!dryRun && npm(['view', `${name}@${version}`, 'version'], 'pipe').stdout.trim() === version) {
    console.log(`${name}@${version} is published already.`);
    continue;
  }
  const tarball = resolve(folder, `${name}-${version}.tgz`);
  const more = dryRun ? ['--dry-run'] : [];
  const { status } = npm(['publish', tarball, '--access', 'public', '--tag', distTag, ...more], 'inherit');
  if (status !== 0) fail(`${name}@${version} was not published.`);
}

function npm(parameters, stdout) {
  const options = { cwd: root, encoding: 'utf8', shell: process.platform === 'win32' };
  return spawnSync('npm', parameters, {
    ...options,
    stdio: ['ignore', stdout, stdout === 'pipe' ? 'ignore' : 'inherit'],
  });
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
