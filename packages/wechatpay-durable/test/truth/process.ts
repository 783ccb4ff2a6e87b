import { AsyncLocalStorage } from 'node:async_hooks';
import type { World } from '../../../wechatpay-core/test/truth/time.js';
import type { Place, Trouble } from './story.js';

/** In whose name something is done outside of a process: an act of the story, or a worker's lease. */
export type Doing =
  | { readonly kind: 'act'; readonly index: number; readonly heardFrom: number }
  | { readonly kind: 'lease'; readonly id: string; readonly attempt: number; readonly heardFrom: number };

export const doing = new AsyncLocalStorage<Doing>();

/** The troubles that are left to a seat, and how often each thing was done there. */
export class Fate {
  readonly #left: Trouble[];
  readonly #times = new Map<Place, number>();

  constructor(troubles: readonly Trouble[]) {
    this.#left = [...troubles];
  }

  next(place: Place): Trouble | undefined {
    const nth = this.#times.get(place) ?? 0;
    this.#times.set(place, nth + 1);
    const index = this.#left.findIndex((trouble) => trouble.place === place && trouble.nth === nth);
    return index < 0 ? undefined : this.#left.splice(index, 1)[0];
  }

  /** From here on, all is well. */
  end(): void {
    this.#left.length = 0;
  }
}

interface Surroundings {
  readonly world: World;
  readonly name: string;
  readonly fate: Fate;
  readonly tell: (what: string) => void;
  /** Its leases are kept up by its signs of life. */
  readonly onOutOfTouch: (forMs: number) => void;
  readonly onDeath: (forMs: number) => void;
}

/** A process: what it does outside of itself goes through here, where it can fail, die or stand still. */
export class Process {
  readonly name: string;
  isAlive = true;
  readonly death: Promise<void>;
  #die: () => void = () => undefined;
  /** How many of its calls stand still. */
  standingStill = 0;
  /** Until when the store is out of its reach. */
  awayUntil = 0;
  readonly #surroundings: Surroundings;
  readonly #hung: ((error: Error) => void)[] = [];
  #isBuried = false;

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
    this.name = surroundings.name;
    this.death = new Promise((resolve) => {
      this.#die = resolve;
    });
  }

  async reach<Result>(place: Place, does: () => Promise<Result> | Result): Promise<Result> {
    await this.#stayAlive();
    const trouble = this.#surroundings.fate.next(place);
    if (trouble && !trouble.isDone) await this.#befall(trouble);
    if (isOfStore(place) && this.#surroundings.world.now < this.awayUntil) throw new Error(`${place} failed`);
    const result = await does();
    await this.#stayAlive();
    if (trouble?.isDone) await this.#befall(trouble);
    return result;
  }

  /** Nothing that a dead process has begun comes back to it. */
  async #stayAlive(): Promise<void> {
    if (this.isAlive) return;
    if (this.#isBuried) throw new Error('The story is over.');
    await new Promise((_, reject) => {
      this.#hung.push(reject);
    });
  }

  /** When the story is over: lets go of all that waits. */
  bury(): void {
    this.isAlive = false;
    this.#isBuried = true;
    for (const reject of this.#hung.splice(0)) reject(new Error('The story is over.'));
  }

  async #befall({ place, isDone, how }: Trouble): Promise<void> {
    const { world, name, tell, onDeath, onOutOfTouch } = this.#surroundings;
    const where = `${isDone ? 'after' : 'before'} ${place}`;
    switch (how.does) {
      case 'fails':
        if (place === 'send') return; // the gateway's grammar has this
        tell(`${name}: ${where}: fails`);
        throw new Error(`${place} failed`);
      case 'dies':
        tell(`${name}: ${where}: dies`);
        this.isAlive = false;
        this.#die();
        onDeath(how.forMs);
        return this.#stayAlive();
      case 'loses the store':
        tell(`${name}: ${where}: loses the store for ${how.forMs / 1000} s`);
        this.awayUntil = world.now + how.forMs;
        onOutOfTouch(how.forMs);
        if (isOfStore(place)) throw new Error(`${place} failed`);
        return;
      case 'stands still':
        tell(`${name}: ${where}: stands still for ${how.forMs / 1000} s`);
        this.standingStill += 1;
        onOutOfTouch(how.forMs);
        await world.sleep(how.forMs);
        this.standingStill -= 1;
        return this.#stayAlive();
    }
  }
}

function isOfStore(place: Place): boolean {
  return place !== 'send' && place !== 'tell';
}
