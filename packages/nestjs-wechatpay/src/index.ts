// The settings from the environment are in nestjs-wechatpay/config, so that @nestjs/config stays optional.
export { type HandlerDecorator, type HandlerOptions } from './marks.js';
export { OnPaymentNotified, OnRefundNotified } from './on-notified.js';
export { PaymentService } from './payment.service.js';
export { toWechatPayProblem, type WechatPayProblem } from './problem.js';
export {
  WECHATPAY_PROBLEM_SCHEMA,
  wechatPayProblemResponses,
  type WechatPayProblemResponse,
} from './problem-openapi.js';
export { RefundService } from './refund.service.js';
export { ReverseService } from './reverse.service.js';
export { WechatPayExceptionFilter } from './wechatpay-exception.filter.js';
export { WechatPayHealthIndicator, type WechatPayHealth } from './wechatpay.health.js';
export { getWechatPayToken, InjectWechatPay } from './wechatpay.inject.js';
export { WechatPayModule } from './wechatpay.module.js';
export { type WechatPayModuleExtras, type WechatPayOptionsFactory } from './wechatpay.module-definition.js';
export { WechatPayMerchantsModule } from './wechatpay-merchants.module.js';
export {
  type WechatPayMerchantsModuleExtras,
  type WechatPayMerchantsOptionsFactory,
} from './wechatpay-merchants.module-definition.js';
export { WechatPayNotificationsModule } from './wechatpay-notifications.module.js';
export {
  type WechatPayNotificationsModuleExtras,
  type WechatPayNotificationsOptions,
  type WechatPayNotificationsOptionsFactory,
} from './wechatpay-notifications.options.js';
