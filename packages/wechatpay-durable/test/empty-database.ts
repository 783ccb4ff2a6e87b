import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { openFolder } from '../src/stores/embedded/embedded-folder.js';

const modules = new URL('../../../node_modules/', import.meta.url);

/** Puts an empty embedded database into a folder: a copy, since making one takes ten seconds of a processor. */
export async function putEmptyDatabase(folder: string): Promise<void> {
  const manifest = await readFile(new URL('@electric-sql/pglite/package.json', modules), 'utf8');
  const { version } = JSON.parse(manifest) as { version: string };
  const original = fileURLToPath(new URL(`.cache/wechatpay-test-database-${version}`, modules));
  if (!existsSync(original)) await make(original);
  await cp(original, folder, { recursive: true });
}

/** Once on this machine, also where several processes want it at a time. */
async function make(original: string): Promise<void> {
  await mkdir(new URL('.cache/', modules), { recursive: true });
  const made = await mkdtemp(`${original}-`);
  await (await openFolder(made, { onNote: () => undefined })).close();
  await rename(made, original).catch(() => rm(made, { recursive: true })); // another one was faster
}
