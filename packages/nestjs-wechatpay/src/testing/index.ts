// An entry of its own: nothing that runs in production loads the sandbox.
export { overrideWechatPay } from './override-wechatpay.js';
export { WechatPayTesting, type WechatPayTestingOptions } from './wechatpay-testing.js';
export { WechatPayTestingModule, type WechatPayTestingModuleOptions } from './wechatpay-testing.module.js';
