import { assertLaws, Breach } from '../../../wechatpay-core/test/truth/breach.js';
import { Keeper } from '../../../wechatpay-core/test/truth/keeper.js';
import { clockTime } from '../../../wechatpay-core/test/truth/gateway.js';
import { setUp, shortened, START } from '../../../wechatpay-core/test/truth/tell.js';
import { enter, World } from '../../../wechatpay-core/test/truth/time.js';
import { durableOrderId } from '../../src/index.js';
import type { Chronicle, Life } from './chronicle.js';
import { LAWS } from './laws.js';
import { MERCHANT_ID, Shop } from './shop.js';
import { Store } from './store.js';
import type { Story } from './story.js';

const MINUTE = 60_000;
/** With a gateway that does as documented, and processes that live, an order ends in an hour: a refund takes its time. */
const LONGEST = 360;
const MOST_EVENTS = 400_000;

/** Tells a story to its end, and judges it then. */
export async function tell(story: Story): Promise<Chronicle> {
  const world = new World(START);
  const keeper = new Keeper();
  const note = (what: string): void => {
    const { now } = world;
    keeper.transcript.push(() => `${clockTime(now)} ${what}`);
  };
  const store = new Store({ world, tell: note });
  const lives = story.orders.map((told, index): Life => {
    const outTradeNo = `A${index + 1}`;
    const id = durableOrderId({ merchantId: MERCHANT_ID, outTradeNo });
    return { outTradeNo, id, story: told, createdAt: START - told.ageMs };
  });
  const chronicle: Chronicle = {
    story,
    keeper,
    store,
    lives,
    deeds: [],
    left: [],
    tellings: [],
    reopened: [],
    hinderedMs: 0,
    deaths: 0,
  };
  enter(world);
  const shop = new Shop(chronicle, world, note);
  try {
    for (const { outTradeNo, story: told } of lives) setUp(world, keeper, outTradeNo, told);
    const ended = await world.until(play(shop, world, store), MOST_EVENTS);
    if (ended === undefined) throw new Breach('it ends', 'it waits for ever, or asks for ever');
    if (ended.status === 'rejected') throw ended.reason;
    assertLaws(LAWS, chronicle);
    return chronicle;
  } catch (error) {
    if (error instanceof Error)
      error.message += `\n\n${shortened(keeper.transcript.map((line) => line())).join('\n')}\n`;
    throw error;
  } finally {
    await world.until(shop.close());
    enter(undefined);
  }
}

async function play(shop: Shop, world: World, store: Store): Promise<void> {
  await shop.open();
  await shop.act();
  // From here on, nobody fails any more: whatever is stored comes to its end.
  await shop.recover();
  let quiet = 0;
  for (let minutes = 0; minutes < LONGEST && quiet < 3; minutes += 1) {
    quiet = store.isQuiet && !shop.isUnderWay ? quiet + 1 : 0;
    await world.sleep(MINUTE);
  }
}
