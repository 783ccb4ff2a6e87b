export { Sandbox, type SandboxOptions } from './sandbox.js';
export type { Merchant, MerchantOptions, Merchants, SubMerchant } from './merchants.js';
export type { Order, OrderEvent, OrderOptions, OrderState, Refund, TradeState } from './order.js';
export type { Orders } from './orders.js';
export type { Balance, Ledger, Movement } from './ledger.js';
export {
  wellKnownAuthCodes,
  type Behaviour,
  type Customer,
  type CustomerOptions,
  type Customers,
} from './customers.js';
export type { DirectReply, DirectRequest } from './direct.js';
export type { SandboxClock } from './clock.js';
export type { RecordedRequest } from './requests.js';
export type { FaultOptions, Faults, PendingFault } from './fault-queue.js';
export type { Fault } from './faults.js';
export {
  CertificateAuthority,
  type CertificateAuthorityOptions,
  type ClientCertificate,
  type ClientCertificateOptions,
  type IssuedCertificate,
  type ServerCertificateOptions,
  type Validity,
} from './certificate-authority.js';
export type { SignType } from './sign.js';
