// Says which tests failed, and adds up what the test runs reported, as one line. Fails where a test failed, or a report is missing.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const projects = [
  ...['packages', 'apps'].flatMap((folder) => readdirSync(folder).map((name) => join(folder, name))),
  'integration',
].filter((project) => existsSync(join(project, 'vitest.config.ts')));

let passed = 0;
let failed = 0;
const reports = [
  ...projects.map((project) => join(project, 'test-results.json')),
  'packages/wechatpay-core/fuzz-results.json',
  'packages/wechatpay-sandbox/fuzz-results.json',
  'packages/wechatpay-durable/chaos-results.json',
  'integration/published-results.json',
];
for (const report of reports) {
  if (!existsSync(report)) {
    console.log(`${report}: missing`);
    failed += 1;
    continue;
  }
  const results = JSON.parse(readFileSync(report, 'utf8'));
  // A file that does not even load counts no test, but is a failure all the same.
  const broken = results.testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && !assertionResults.length,
  );
  if (results.numPassedTests + results.numFailedTests === 0) failed += 1; // a run that found nothing to do is none
  const skipped = results.numPendingTests > 0 ? `, ${results.numPendingTests} skipped` : '';
  console.log(
    `${report}: ${results.numPassedTests} passed, ${results.numFailedTests + broken.length} failed${skipped}`,
  );
  for (const { name, message, assertionResults } of results.testResults) {
    const failures = assertionResults.filter(({ status }) => status === 'failed');
    for (const { fullName, failureMessages } of failures)
      console.log(`  ${name}: ${fullName}\n    ${failureMessages[0]}`);
    if (broken.some((file) => file.name === name)) console.log(`  ${name}: ${message}`);
  }
  passed += results.numPassedTests;
  failed += results.numFailedTests + broken.length;
}

console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
