import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { expect, inject, test } from 'vitest';
import { apiReports } from './api-report.js';
import { packages, unpack } from './pack.js';

// Where this fails on purpose, accept: `npm run published:accept`; the diff of ../api then shows the change in a review.
test.each(packages)('the public API of %s is the one that was reviewed', async (name) => {
  const reports = apiReports(await unpack(inject('outside'), name));
  const sections = reports.map(({ entry, text }) => `## ${entry.replace('.', name)}\n\n\`\`\`ts\n${text}\n\`\`\`\n`);
  const document = [`# Public API of ${name}\n\nWritten by \`npm run published:accept\`.\n`, ...sections].join('\n');
  const file = fileURLToPath(new URL(`../api/${name}.api.md`, import.meta.url));
  const pretty = await format(document, { ...(await resolveConfig(file)), filepath: file });
  await expect(pretty).toMatchFileSnapshot(file);
});
