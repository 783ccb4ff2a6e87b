import { expect, it, vi } from 'vitest';
import { reverseOrder, WechatPayClient } from './index.js';
import { CertificateAuthority } from 'wechatpay-sandbox';

vi.mock('undici', () => {
  throw new Error('Cannot find package');
});

it('says that nothing was sent where undici cannot be loaded, and closes all the same', async () => {
  const { pfx } = await new CertificateAuthority().issueClient({ commonName: '1900000109' });
  const client = new WechatPayClient({
    appId: 'wx2421b1c4370ec43b',
    merchantId: '1900000109',
    apiKey: '192006250b4c09247ec02edce69f6a2d',
    certificate: { pfx },
  });
  await expect(reverseOrder(client, { outTradeNo: '1' })).rejects.toMatchObject({
    code: 'WECHATPAY_CONNECTION',
    outcome: 'not-sent',
    message: expect.stringContaining('undici cannot be loaded') as string,
  });
  await expect(client.close()).resolves.toBeUndefined();
});
