import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';

// How a page looks: what holds of it whatever fonts a machine has. No picture is compared with another.

/** A telephone, and a till's screen. */
const SIZES = { narrow: { width: 360, height: 640 }, wide: { width: 1280, height: 800 } } as const;
type Looks = readonly [keyof typeof SIZES, 'light' | 'dark'];

/** Each size and each scheme once; with pictures, each with each. */
const LOOKS: readonly Looks[] = [
  ['narrow', 'dark'],
  ['wide', 'light'],
];
const ALL_LOOKS: readonly Looks[] = [...LOOKS, ['narrow', 'light'], ['wide', 'dark']];

/** Where pictures are written, for a person to look at: set PICTURES to a folder. */
const { PICTURES } = process.env;

/** What a page needs that is looked at, before it is opened. */
export async function prepare(page: Page): Promise<void> {
  await page.addInitScript({ content: axe.source });
}

/**
 * Looks at a page as it is: nothing is wider than the screen, axe finds nothing, and `above` can be seen whole without scrolling.
 *
 * @param above selectors of what one has to see at once.
 */
export async function look(page: Page, name: string, above: readonly string[] = []): Promise<void> {
  for (const [size, colorScheme] of PICTURES === undefined ? LOOKS : ALL_LOOKS) {
    await page.setViewportSize(SIZES[size]);
    await page.emulateMedia({ colorScheme });
    const where = `${name}, ${size}, ${colorScheme}`;
    await page.evaluate('scrollTo(0, 0)');
    if (PICTURES !== undefined) {
      mkdirSync(PICTURES, { recursive: true });
      await page.screenshot({ path: join(PICTURES, `${name}-${size}-${colorScheme}.png`) });
    }
    expect(await page.evaluate('document.documentElement.scrollWidth'), where).toBeLessThanOrEqual(SIZES[size].width);
    for (const selector of above) {
      const box = await page.locator(selector).boundingBox();
      expect(box, `${selector} of ${where}`).not.toBeNull();
      expect(box!.y, `${selector} of ${where}`).toBeGreaterThanOrEqual(0);
      expect(box!.y + box!.height, `${selector} of ${where}`).toBeLessThanOrEqual(SIZES[size].height);
    }
    expect(await page.evaluate(RUN_AXE), where).toEqual([]);
  }
}

/** Whether pictures are wanted: then pages are looked at in each language. */
export const hasPictures = PICTURES !== undefined;

const RUN_AXE = `axe
  .run({ resultTypes: ['violations'] })
  .then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join(' ')))`;
