export { Sandbox, type SandboxOptions } from './sandbox.js';
export type { Merchant, MerchantOptions, Merchants, RotationOptions, SubMerchant } from './parties/merchants.js';
export type { Order, OrderEvent, OrderOptions, OrderState, Refund, TradeState } from './orders/order.js';
export type { Orders } from './orders/orders.js';
export type { Balance, Ledger, Movement } from './orders/ledger.js';
export {
  wellKnownAuthCodes,
  type Behaviour,
  type Customer,
  type CustomerOptions,
  type Customers,
} from './parties/customers.js';
export type { Payer } from './parties/payer.js';
export type { Notification, NotificationAttempt, Notifications } from './notifications/notifications.js';
export type {
  DocumentFault,
  NotificationFault,
  NotificationFaultOptions,
  NotificationFaults,
} from './notifications/faults.js';
export type { MadeNotification, NotificationOptions } from './notifications/make.js';
export type { DirectReply, DirectRequest } from './gateway/direct.js';
export type { SandboxClock } from './clock.js';
export type { RecordedRequest } from './gateway/requests.js';
export { faultCatalogue, type FaultDescription, type FaultKind } from './faults/catalogue.js';
export type { FaultOptions, Faults, PendingFault } from './faults/fault-queue.js';
export type { StatementFault } from './statement/statement-faults.js';
export { statementEditions, type StatementEdition } from './statement/editions.js';
export type { Statements, StatementStyle } from './statement/statements.js';
export type { Fault } from './faults/faults.js';
export {
  CertificateAuthority,
  type CertificateAuthorityOptions,
  type ClientCertificate,
  type ClientCertificateOptions,
  type IssuedCertificate,
  type ServerCertificateOptions,
  type Validity,
} from './parties/certificate-authority.js';
export type { SignType } from './wire/sign.js';
