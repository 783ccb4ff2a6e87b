import { EXIT_CODES } from '../exit-codes.js';
import type { OrderOptions } from '../options.js';
import type { Report, Session } from '../session.js';
import { withClient } from '../settings/connect.js';
import { askFor, orderName } from './find-order.js';
import { orderJson, orderLines } from './order-view.js';

/** `wechatpay query`: a verified answer, or none. */
export async function query(session: Session, given: string | undefined, options: OrderOptions): Promise<Report> {
  const name = orderName(session, given, options);
  const order = await withClient(session, (client) => askFor(session, client, name));
  return { exitCode: EXIT_CODES.done, result: orderJson(order), lines: orderLines(order, session.words) };
}
