// Two installed copies of this package have two classes of each name, and `instanceof` fails between them. A mark under a
// registered symbol is the same in every copy of a process.

/** What the copies of one process agree on: raised where an error or a client changes so that an older copy misreads it. */
const API_VERSION = 1;

type Kind = 'error' | 'client' | 'merchants';

const symbolOf = (kind: Kind): symbol => Symbol.for(`wechatpay-core.${kind}`);

/** Marks the instances of a class: on its prototype, so that no inspect, no JSON and no copy of their properties shows it. */
export function brand(constructor: { readonly prototype: object }, kind: Kind): void {
  Object.defineProperty(constructor.prototype, symbolOf(kind), { value: API_VERSION });
}

/** Whether a value was made by this copy, or by one that agrees with it. Never throws, whatever it is given. */
export function hasBrand(value: unknown, kind: Kind): boolean {
  return brandOf(value, kind) === API_VERSION;
}

/** The API version of the copy that made a value, where that is another one; undefined of what no copy made. */
export function foreignVersion(value: unknown, kind: Kind): unknown {
  const version = brandOf(value, kind);
  return version === API_VERSION ? undefined : version;
}

function brandOf(value: unknown, kind: Kind): unknown {
  try {
    return (Object(value) as Record<symbol, unknown>)[symbolOf(kind)];
  } catch {
    return undefined; // a reversed proxy, or one whose trap throws
  }
}
