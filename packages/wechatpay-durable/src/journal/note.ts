import { WechatPayRequestError } from 'wechatpay-core';
import { readActor, type ActorOptions } from '../actor.js';
import { timeOf } from '../clocks.js';
import { readProperties, type OrderOf } from '../intent.js';
import type { Orders } from '../orders.js';
import { isRefundOf, type RefundOf } from '../refunds/refund-intent.js';
import { entry } from './entries.js';

/** What an application, or a person, wants to be read with an order: as in "The customer was called". */
export interface JournalNote extends ActorOptions {
  /** 1 to 1000 characters, line breaks among them; never a secret. */
  readonly text: string;
}

/** What `DurableOrders.note` does. */
export async function noteInJournal(orders: Orders, one: OrderOf | RefundOf, given: JournalNote): Promise<boolean> {
  const { text, actor } = readNote(given);
  const { id, client } = await (isRefundOf(one) ? orders.locateRefund(one) : orders.locate(one));
  return orders.store.note(id, [entry('noted', timeOf(client), { text, ...(actor !== undefined && { actor }) })]);
}

/** @throws {WechatPayRequestError} an invalid text or actor, or an unknown property. */
function readNote(given: JournalNote): { readonly text: string; readonly actor?: string } {
  const { text, actor } = readProperties('note', given, ['text', 'actor']);
  const isText =
    typeof (text as unknown) === 'string' && /^[^\u0000-\u0009\u000b-\u001f\u007f-\u009f]{1,1000}$/u.test(text);
  if (!isText || text.trim() === '') {
    const problem = 'must be a text of 1 to 1000 characters, without control characters other than line breaks.';
    throw new WechatPayRequestError('text', problem);
  }
  return { text, ...readActor({ actor }) };
}
