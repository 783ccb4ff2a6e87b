// A CommonJS script without any framework: node plain-script.cjs <outTradeNo>
const { reverseOrder, WechatPayClient, WechatPayError } = require('wechatpay-core');

async function main() {
  const client = new WechatPayClient({
    appId: process.env.WECHATPAY_APP_ID,
    merchantId: process.env.WECHATPAY_MERCHANT_ID,
    apiKey: process.env.WECHATPAY_API_KEY,
    certificate: { pfx: process.env.WECHATPAY_PFX },
    baseUrl: process.env.WECHATPAY_BASE_URL,
    ca: process.env.WECHATPAY_CA,
  });
  try {
    const { resultCode, recall } = await reverseOrder(client, { outTradeNo: process.argv[2] });
    console.log(JSON.stringify({ resultCode, recall }));
  } catch (error) {
    if (!(error instanceof WechatPayError)) throw error;
    console.log(JSON.stringify(error));
    process.exitCode = 1;
  } finally {
    await client.close();
  }
}

void main();
