// `npm run set-organisation -- acme`: puts the organisation that publishes these packages in the place of the placeholder, everywhere.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

const PLACEHOLDER = 'your-organisation';
const [organisation = ''] = process.argv.slice(2);
if (!/^[A-Za-z0-9][A-Za-z0-9-]{0,38}$/.test(organisation)) {
  console.error('Usage: npm run set-organisation -- <organisation>, as in github.com/<organisation>/wechatpay');
  process.exit(2);
}
const itself = 'tools/set-organisation.js';
const files = execFileSync('git', ['grep', '-lI', PLACEHOLDER], { encoding: 'utf8' }).split('\n');
const changed = files.filter((file) => file !== '' && file !== itself);
for (const file of changed) writeFileSync(file, readFileSync(file, 'utf8').replaceAll(PLACEHOLDER, organisation));
console.log(`${changed.length} files name ${organisation} now.`);
