/** How a walk goes from one node to the next. */
export interface Exploration<Node> {
  readonly following: (node: Node) => Iterable<Node>;
  /** What leads anywhere from a node: of those of one key, one is followed. */
  readonly keyOf: (node: Node) => string;
  /** Called with each node of a key that was not seen before. @returns whether the walk goes on from it. */
  readonly onFound: (node: Node) => boolean;
}

/** Every node that can be reached, nearest first. @returns how many there are, and how many ways between them. */
export function explore<Node>(
  start: Node,
  { following, keyOf, onFound }: Exploration<Node>,
): { readonly states: number; readonly edges: number } {
  let frontier = [start];
  const seen = new Set(frontier.map(keyOf));
  let edges = 0;
  while (frontier.length > 0) {
    const found: Node[] = [];
    for (const node of frontier) {
      for (const next of following(node)) {
        edges += 1;
        const key = keyOf(next);
        if (seen.has(key)) continue;
        seen.add(key);
        if (onFound(next)) found.push(next);
      }
    }
    frontier = found;
  }
  return { states: seen.size, edges };
}
