// An entry of its own, so that wechatpay-durable stays optional.
export { type HandlerDecorator, type HandlerOptions } from './marks.js';
export { OnOrderResolved, OnRefundResolved } from './on-resolved.js';
export { WechatPayDurableHealthIndicator, type WechatPayDurableHealth } from './wechatpay-durable.health.js';
export { WechatPayDurableModule } from './wechatpay-durable.module.js';
export {
  type WechatPayDurableModuleExtras,
  type WechatPayDurableOptions,
  type WechatPayDurableOptionsFactory,
} from './wechatpay-durable.options.js';
export { ReconciliationHealthIndicator, type ReconciliationHealthResult } from './reconciliation.health.js';
export { StatementService } from './statement.service.js';
export { WechatPayReconciliationModule } from './wechatpay-reconciliation.module.js';
export {
  type ReconciliationProblem,
  type WechatPayReconciliationModuleExtras,
  type WechatPayReconciliationOptions,
  type WechatPayReconciliationOptionsFactory,
} from './wechatpay-reconciliation.options.js';
