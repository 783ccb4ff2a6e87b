// The floor, and what no client leaves out that signs, verifies, and reads replies with fast-xml-parser, however it is written:
// two hashes, and the parser as wechatpay-core sets it up. It checks nothing, and makes nothing of the reply.
import { parser } from '../reply-parser.js';
import { bareHash, replyFields, requestFields, signedText } from '../documents.js';
import { open as openFloor } from './floor.js';

const REQUEST = signedText(requestFields('HMAC-SHA256'));
const REPLY = signedText(replyFields('HMAC-SHA256'));

export function open(settings) {
  const { call: post, close, isReversed } = openFloor(settings);
  const call = async () => {
    bareHash(REQUEST, 'HMAC-SHA256');
    const reply = await post();
    parser.parse(reply.toString());
    bareHash(REPLY, 'HMAC-SHA256');
    return reply;
  };
  return { call, close, isReversed };
}
