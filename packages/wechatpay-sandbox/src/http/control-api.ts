import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Fault } from '../faults/faults.js';
import type { House } from '../gateway/gateway.js';
import type { RecordedRequest } from '../gateway/requests.js';
import type { Ledger } from '../orders/ledger.js';
import type { Order, OrderOptions } from '../orders/order.js';
import type { CustomerOptions } from '../parties/customers.js';
import { withoutQuery } from './front.js';
import { readBody } from './read-body.js';

/** Under this path the control API answers, where it is enabled. */
export const controlPath = '/_sandbox/';

/** What the control API shows and changes. */
export interface Controlled extends House {
  readonly requests: readonly RecordedRequest[];
  readonly ledger: Ledger;
  readonly reset: () => void;
}

interface Result {
  status: number;
  json?: unknown;
}
type Route = (controlled: Controlled, body: Record<string, unknown>) => Result;

const routes: Readonly<Record<string, Route>> = {
  'GET orders': ({ orders }) => ({ status: 200, json: orders.list() }),
  'POST orders': (controlled, body) => ({ status: 201, json: createOrder(controlled, body) }),
  'GET customers': ({ customers }) => ({ status: 200, json: customers.list() }),
  'POST customers': ({ customers }, body) => {
    // create() looks at what came in.
    return { status: 201, json: customers.create(body as unknown as CustomerOptions) };
  },
  'GET ledger': ({ ledger }) => ({ status: 200, json: ledger.list() }),
  'GET requests': ({ requests }) => ({ status: 200, json: requests }),
  'GET faults': ({ faults }) => ({ status: 200, json: faults.pending }),
  'POST faults': ({ faults }, { times, path, ...fault }) => {
    // add() looks at what came in; the predicate of the library has no form in JSON.
    faults.add(fault as unknown as Fault, {
      ...(times !== undefined && { times: times as number }),
      ...(path !== undefined && { path: path as string }),
    });
    return { status: 201, json: faults.pending };
  },
  'DELETE faults': ({ faults }) => {
    faults.clear();
    return { status: 204 };
  },
  'GET clock': ({ clock }) => ({ status: 200, json: { now: new Date(clock.now()) } }),
  'POST clock': ({ clock }, { advanceMs }) => {
    clock.advance(advanceMs as number);
    return { status: 200, json: { now: new Date(clock.now()) } };
  },
  'POST reset': ({ reset }) => {
    reset();
    return { status: 204 };
  },
};

/** Shows and changes the sandbox from another process, in JSON. For tests and demos: it asks nobody who they are. */
export async function control(
  request: IncomingMessage,
  response: ServerResponse,
  controlled: Controlled,
): Promise<void> {
  const body = await readBody(request, 64 * 1024);
  const { status, json } = respond(request, body, controlled);
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(json === undefined ? undefined : `${JSON.stringify(json, undefined, 2)}\n`);
}

function respond(request: IncomingMessage, body: Buffer | undefined, controlled: Controlled): Result {
  const [name = '', id, ...rest] = withoutQuery(request.url ?? '/')
    .slice(controlPath.length)
    .split('/');
  if (body === undefined) return failure(413, 'the body is longer than 64 KiB');
  try {
    if (name === 'orders' && id !== undefined && rest.length === 0 && request.method === 'GET') {
      const json = ordersNamed(decodeURIComponent(id), controlled);
      return json === undefined ? failure(404, 'no such order') : { status: 200, json };
    }
    const key = `${request.method ?? ''} ${name}`;
    const route = Object.hasOwn(routes, key) ? routes[key] : undefined;
    if (route === undefined || id !== undefined) {
      return failure(404, `one of ${Object.keys(routes).join(', ')}, GET orders/:outTradeNo`);
    }
    return route(controlled, parseObject(body));
  } catch (error) {
    return failure(400, error instanceof Error ? error.message : String(error));
  }
}

/** What `POST orders` takes: the library's options, with `merchantId` in place of the merchant. */
const orderFields: Readonly<Record<string, readonly string[]>> = {
  state: ['string'],
  outTradeNo: ['string'],
  transactionId: ['string'],
  createdAt: ['string', 'number'],
  totalFee: ['number'],
  currency: ['string'],
  rate: ['string'],
  merchantId: ['string'],
  subMerchantId: ['string'],
};

function createOrder({ orders, merchants }: Controlled, body: Record<string, unknown>): Order {
  for (const [name, value] of Object.entries(body)) {
    const types = Object.hasOwn(orderFields, name) ? orderFields[name] : undefined;
    if (types === undefined) throw new TypeError(`${name} is none of ${Object.keys(orderFields).join(', ')}`);
    if (!types.includes(typeof value)) throw new TypeError(`${name} is a ${types.join(' or a ')}`);
  }
  const { merchantId, createdAt, ...options } = body as unknown as OrderOptions & { merchantId?: string };
  const merchant = merchantId === undefined ? merchants.list()[0] : merchants.get(merchantId);
  if (merchant === undefined) throw new TypeError('no merchant has this merchantId');
  return orders.create({ ...options, merchant, ...(createdAt !== undefined && { createdAt: new Date(createdAt) }) });
}

/** The number is unique to a merchant only: one order is the usual answer, several are a list. */
function ordersNamed(outTradeNo: string, { orders }: Controlled): Order | Order[] | undefined {
  const found = orders.list().filter((order) => order.outTradeNo === outTradeNo);
  return found.length > 1 ? found : found[0];
}

function parseObject(body: Buffer): Record<string, unknown> {
  const value: unknown = body.length === 0 ? {} : JSON.parse(body.toString());
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new TypeError('the body is no object');
  return value as Record<string, unknown>;
}

function failure(status: number, error: string): Result {
  return { status, json: { error } };
}
