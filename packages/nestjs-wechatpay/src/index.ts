// The settings from the environment are in nestjs-wechatpay/config, so that @nestjs/config stays optional.
export { ReverseService } from './reverse.service.js';
export { WechatPayHealthIndicator, type WechatPayHealth } from './wechatpay.health.js';
export { getWechatPayToken, InjectWechatPay } from './wechatpay.inject.js';
export { WechatPayModule, type WechatPayModuleExtras, type WechatPayOptionsFactory } from './wechatpay.module.js';
