import type { WechatPayClient } from '../client.js';
import { WechatPayRequestError } from '../errors.js';
import type { CallOptions, Operation } from './operation.js';

/** Calls through a client. What every operation does, whatever it was given as its client. */
export async function callThrough<Request, Result>(
  client: WechatPayClient,
  operation: Operation<Request, Result>,
  request: Request,
  options: CallOptions | undefined,
): Promise<Result> {
  if (typeof (client as Partial<WechatPayClient> | undefined)?.call !== 'function') {
    throw new WechatPayRequestError('client', 'must be a WechatPayClient; make one with new WechatPayClient(config).');
  }
  return client.call(operation, request, options);
}
