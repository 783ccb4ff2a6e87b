import type { Lane, WaitingCall } from './lane.js';

/** Urgent calls go first; after so many in a row, a waiting call that is not urgent has a turn, so that it does not starve. */
const URGENT_IN_A_ROW = 15;
/** Of a full queue, so much is kept for calls that are not urgent, where there are any. */
const NORMAL_SHARE = 1 / (URGENT_IN_A_ROW + 1);

/** The calls that wait, and whose turn it is: urgent ones first; merchants take turns, and so do the operations of each. */
export class WaitingCalls {
  readonly #urgent = new Rotation();
  readonly #normal = new Rotation();
  #urgentInARow = 0;
  #size = 0;
  #urgentSize = 0;

  get size(): number {
    return this.#size;
  }

  add(call: WaitingCall): void {
    const { lane } = call;
    if (lane.waiting.size === 0) this.#rotation(lane).add(lane);
    lane.waiting.add(call);
    this.#size += 1;
    if (lane.isUrgent) this.#urgentSize += 1;
  }

  /** @returns false where it does not wait any more. */
  remove(call: WaitingCall): boolean {
    const { lane } = call;
    if (!lane.waiting.delete(call)) return false;
    if (lane.waiting.size === 0) this.#rotation(lane).remove(lane);
    this.#size -= 1;
    if (lane.isUrgent) this.#urgentSize -= 1;
    return true;
  }

  /** The lane whose turn it is, among those that are ready. */
  take(isReady: (lane: Lane) => boolean): Lane | undefined {
    const urgent = this.#urgentInARow < URGENT_IN_A_ROW ? this.#urgent.take(isReady) : undefined;
    this.#urgentInARow = urgent ? this.#urgentInARow + 1 : 0;
    return urgent ?? this.#normal.take(isReady) ?? this.#urgent.take(isReady);
  }

  /** How many calls leave before one that comes to this lane now, taking turns. */
  ahead(lane: Lane): number {
    let ahead = 0;
    for (const other of this.#rotation(lane).lanes()) ahead += Math.min(other.waiting.size, lane.waiting.size + 1);
    if (!lane.isUrgent) ahead += Math.min(this.#urgentSize, (ahead + 1) * URGENT_IN_A_ROW);
    return Math.min(ahead, this.#size);
  }

  /**
   * Of a full queue, the call that a new one takes the place of: of the other kind, where that has more than its share; else the
   * last of the longest lane of its own kind, where its own stays shorter.
   */
  replaceableBy(lane: Lane): WaitingCall | undefined {
    const normalSize = this.#size - this.#urgentSize;
    const share = this.#size * NORMAL_SHARE;
    const takesOfOther = lane.isUrgent ? normalSize - 1 >= share || this.#urgentSize === 0 : normalSize + 1 <= share;
    const longest = (lane.isUrgent === takesOfOther ? this.#normal : this.#urgent).longest();
    const isFair = longest && (takesOfOther || longest.waiting.size > lane.waiting.size + 1);
    return isFair ? Array.from(longest.waiting).at(-1) : undefined;
  }

  *lanes(): Generator<Lane> {
    yield* this.#urgent.lanes();
    yield* this.#normal.lanes();
  }

  #rotation(lane: Lane): Rotation {
    return lane.isUrgent ? this.#urgent : this.#normal;
  }
}

/** Maps keep the order of insertion: who has had a turn is put in again, at the end. */
class Rotation {
  readonly #merchants = new Map<string, Map<string, Lane>>();

  add(lane: Lane): void {
    const { merchantId, operation } = lane;
    const operations = this.#merchants.get(merchantId);
    if (operations) operations.set(operation, lane);
    else this.#merchants.set(merchantId, new Map([[operation, lane]]));
  }

  remove({ merchantId, operation }: Lane): void {
    const operations = this.#merchants.get(merchantId);
    operations?.delete(operation);
    if (operations?.size === 0) this.#merchants.delete(merchantId);
  }

  take(isReady: (lane: Lane) => boolean): Lane | undefined {
    for (const [merchantId, operations] of this.#merchants) {
      for (const [operation, lane] of operations) {
        if (!isReady(lane)) continue;
        operations.delete(operation);
        operations.set(operation, lane);
        this.#merchants.delete(merchantId);
        this.#merchants.set(merchantId, operations);
        return lane;
      }
    }
    return undefined;
  }

  longest(): Lane | undefined {
    let longest: Lane | undefined;
    for (const lane of this.lanes()) if (lane.waiting.size > (longest?.waiting.size ?? 0)) longest = lane;
    return longest;
  }

  *lanes(): Generator<Lane> {
    for (const operations of this.#merchants.values()) yield* operations.values();
  }
}
