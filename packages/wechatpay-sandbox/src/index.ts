export { Sandbox, type SandboxOptions } from './sandbox.js';
export type { Merchant, MerchantOptions, Merchants, SubMerchant } from './merchants.js';
export type { Order, OrderEvent, OrderOptions, Orders, OrderState } from './orders.js';
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
