import { expect, it } from 'vitest';
import { WechatPayGatewayError } from './index.js';

it.each([
  ['频率限制', 'retry-later'],
  ['FREQUENCY_LIMITED', 'retry-later'],
  ['Frequency limit exceeded', 'retry-later'],
  ['签名失败', 'query-order'],
  ['', 'query-order'],
])('an unsigned refusal that says %j advises %s', (returnMessage, advice) => {
  const error = new WechatPayGatewayError('no.', { returnCode: 'FAIL', returnMessage });
  expect(error).toMatchObject({ advice, outcome: 'unknown' });
});
