import { existsSync } from 'node:fs';
import { chromium, type Browser, type Page } from 'playwright-core';

export const executablePath = [
  process.env.CHROMIUM ?? '',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find((path) => path !== '' && existsSync(path));

if (executablePath === undefined) {
  console.warn('No Chromium here, so the till is not tried in a browser: `apt-get install chromium`, or set CHROMIUM.');
}

export function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath: executablePath ?? '',
    // Chromium's own sandbox needs rights that a container's root has not.
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
  });
}

/** @param complaints gathers what the browser complains about: a script error, a breach of the page's policy, an answer that failed. */
export async function openPage(browser: Browser, complaints: string[]): Promise<Page> {
  const page = await browser.newPage();
  page.setDefaultTimeout(100_000); // less than a test's: it says what it waited for
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', ({ message }) => complaints.push(message));
  return page;
}
