import * as core from '../../src/index.js';
import { Breach } from './breach.js';
import { API_KEY, live, type Library, type Life, type Shop } from './caller.js';
import { carryOut, unifiedOrder } from './deeds.js';
import { createGateway } from './gateway.js';
import { PLAIN, type Turn } from './grammar.js';
import { Keeper } from './keeper.js';
import { judge } from './laws.js';
import { QUICK_PAY_PAGE } from './pages.js';
import type { Story } from './story.js';
import { enter, World } from './time.js';

/** When every story begins. */
export const START = Date.UTC(2026, 10, 26, 12);
const TIMEOUT_MS = 15_000;

/** How a story went. */
export interface Told {
  readonly lives: readonly Life[];
  readonly keeper: Keeper;
}

/** Tells a story, and judges each act as it ends. */
export async function tell(story: Story, library: Library = core): Promise<Told> {
  const world = new World(START);
  const keeper = new Keeper();
  enter(world);
  try {
    return await tellIn(world, keeper, story, library);
  } catch (error) {
    if (error instanceof Error)
      error.message += `\n\n${shortened(keeper.transcript.map((line) => line())).join('\n')}\n`;
    throw error;
  } finally {
    enter(undefined);
  }
}

async function tellIn(world: World, keeper: Keeper, story: Story, library: Library): Promise<Told> {
  const quiet = new Map<string, number>();
  const stories = new Map<string, Story>([['A1', story]]);
  for (const [index, neighbour] of story.neighbours.entries()) {
    const act = { does: 'pay' as const, policy: {}, deadlineMs: undefined, waits: true, trouble: null, wrong: null };
    stories.set(`N${index}`, { ...story, past: 'new', ageMs: 0, acts: [act], ...neighbour });
  }
  const turns = new Map<string, Turn[]>([...stories].map(([number, { turns: given }]) => [number, [...given]]));
  const shop: Shop = {
    world,
    keeper,
    library,
    process: undefined,
    skewMs: 0,
    setMs: 0,
    clockTrouble: undefined,
    transport: createGateway({
      world,
      keeper,
      apiKey: API_KEY,
      clock: () => world.now + shop.skewMs,
      roleOf: (outTradeNo) => {
        const { scene, totalFee, currency } = stories.get(outTradeNo) ?? story;
        return {
          scene,
          totalFee,
          currency,
          nextTurn: () => {
            const next = turns.get(outTradeNo)?.shift();
            if (next) quiet.set(outTradeNo, world.now + shop.skewMs);
            return next ?? PLAIN;
          },
        };
      },
    }),
  };
  const lives = [...stories].map(([outTradeNo, told]): Life => {
    setUp(world, keeper, outTradeNo, told);
    return { outTradeNo, story: told, createdAt: START - told.ageMs, deeds: [] };
  });
  const all = await world.until(Promise.all(lives.map((life) => live(life, shop, judgeLast))));
  if (all === undefined) throw new Breach('it ends', 'it waits for ever');
  if (all.status === 'rejected') throw all.reason;
  return { lives, keeper };

  function judgeLast(life: Life): void {
    const deed = life.deeds.at(-1)!;
    const isMine = ({ outTradeNo }: { outTradeNo: string }): boolean => outTradeNo === life.outTradeNo;
    judge({
      life,
      keeper,
      deed,
      sent: keeper.sent.slice(...deed.sent).filter(isMine),
      heard: keeper.heard.slice(...deed.heard).filter(isMine),
      earlier: {
        sent: keeper.sent.slice(0, deed.sent[0]).filter(isMine),
        heard: keeper.heard.slice(0, deed.heard[0]).filter(isMine),
        deeds: life.deeds.slice(0, -1),
      },
      timeoutMs: TIMEOUT_MS,
      quietSince: quiet.get(life.outTradeNo) ?? START,
    });
  }
}

/** What there is at the gateway before the story begins. */
export function setUp(
  world: World,
  keeper: Keeper,
  outTradeNo: string,
  { past, scene, product }: Pick<Story, 'past' | 'scene' | 'product'>,
): void {
  if (past === 'new') return;
  const total = past === 'used, another amount' ? '500' : '888';
  const request = { total_fee: total, fee_type: past === 'used, another currency' ? 'CNY' : 'HKD' };
  if (product === 'unified-order') unifiedOrder({ request, order: keeper.order(outTradeNo), scene, world });
  else carryOut(QUICK_PAY_PAGE, { request, order: keeper.order(outTradeNo), scene, world, variant: 0 });
}

/** The beginning and the end: what repeats itself for a day is told once. */
export function shortened(lines: readonly string[]): readonly string[] {
  const [head, tail] = [30, 12];
  if (lines.length <= head + tail) return lines;
  return [...lines.slice(0, head), `(${lines.length - head - tail} lines more)`, ...lines.slice(-tail)];
}
