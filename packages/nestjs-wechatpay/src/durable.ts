// An entry of its own, so that wechatpay-durable stays optional.
export { WechatPayDurableModule } from './wechatpay-durable.module.js';
export {
  type WechatPayDurableModuleExtras,
  type WechatPayDurableOptions,
  type WechatPayDurableOptionsFactory,
} from './wechatpay-durable.module-definition.js';
