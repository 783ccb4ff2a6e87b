// Adds up what the projects' test runs reported, as one line. Fails where a test failed, or a project with tests has no report.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const projects = [
  ...['packages', 'apps'].flatMap((folder) => readdirSync(folder).map((name) => join(folder, name))),
  'integration',
].filter((project) => existsSync(join(project, 'vitest.config.ts')));

let passed = 0;
let failed = 0;
for (const project of projects) {
  const report = join(project, 'test-results.json');
  if (!existsSync(report)) {
    console.log(`${project}: no test report`);
    failed += 1;
    continue;
  }
  const results = JSON.parse(readFileSync(report, 'utf8'));
  // A file that does not even load counts no test, but is a failure all the same.
  const broken = results.testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && !assertionResults.length,
  );
  console.log(`${project}: ${results.numPassedTests} passed, ${results.numFailedTests + broken.length} failed`);
  passed += results.numPassedTests;
  failed += results.numFailedTests + broken.length;
}

console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
