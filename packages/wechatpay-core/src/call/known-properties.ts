/**
 * The first property of an object that is unknown: a typing error would otherwise hold silently, as in
 * `{ subMchId }`, which would pay another sub-merchant.
 *
 * @param known every property that is read, by its name.
 * @returns its name and what is wrong with it, with the nearest known name; undefined where each is known.
 * @example
 * const unknown = findUnknownProperty(options, ['deadline', 'signal']);
 * if (unknown) throw new WechatPayRequestError(unknown.name, unknown.problem);
 */
export function findUnknownProperty(
  given: object,
  known: readonly string[],
  /** Other names by which people know a property, such as its name on the wire. */
  otherNames: Readonly<Record<string, string>> = {},
): { readonly name: string; readonly problem: string } | undefined {
  for (const name of Object.keys(given)) {
    if (known.includes(name)) continue;
    const nearest = nearestName(name, known, otherNames);
    const remedy = nearest === undefined ? '' : ` Did you mean ${nearest}?`;
    return { name, problem: `is unknown, and nothing would read it. Valid properties: ${known.join(', ')}.${remedy}` };
  }
  return undefined;
}

/** The known name that a mistyped one stands for; undefined where none is near. */
export function nearestName(
  name: string,
  known: readonly string[],
  otherNames: Readonly<Record<string, string>> = {},
): string | undefined {
  const typed = simplified(name);
  let nearest: string | undefined;
  // A third of its letters may be wrong: more, and the guess would be a riddle.
  let least = Math.max(1, Math.floor(typed.length / 3)) + 1;
  for (const candidate of known) {
    for (const spelling of [candidate, otherNames[candidate] ?? candidate]) {
      const distance = editDistance(typed, simplified(spelling));
      if (distance < least) [nearest, least] = [candidate, distance];
    }
  }
  return nearest;
}

// `sub_mch_id`, `subMchId` and `subMerchantId` are one name.
function simplified(name: string): string {
  return name.toLowerCase().replaceAll(/[_-]/g, '').replaceAll('mchid', 'merchantid');
}

// Levenshtein, with a row at a time; names are short.
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [i, letter] of Array.from(from.slice(0, 64)).entries()) {
    const next = [i + 1];
    for (let j = 0; j < to.length; j += 1) {
      const replaced = (row[j] ?? 0) + (letter === to[j] ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
