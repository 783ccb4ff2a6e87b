import { registerAs } from '@nestjs/config';
import { configFromEnvironment, type WechatPayConfig } from 'wechatpay-core';

/**
 * The settings of a merchant from WECHATPAY_* variables, as a @nestjs/config namespace.
 *
 * | variable | setting |
 * | --- | --- |
 * | WECHATPAY_APP_ID, WECHATPAY_MERCHANT_ID, WECHATPAY_API_KEY | required |
 * | WECHATPAY_PREVIOUS_API_KEY, WECHATPAY_PREVIOUS_API_KEY_UNTIL | the key before a change, and until when it is accepted, as in 2027-03-02T00:00:00Z |
 * | WECHATPAY_PFX | apiclient_cert.p12: a path or base64; or else the next two |
 * | WECHATPAY_CERT, WECHATPAY_KEY | apiclient_cert.pem, apiclient_key.pem: a path, PEM text or base64 |
 * | WECHATPAY_PASSPHRASE | of the PKCS#12 file (default: the merchant ID) or of the key |
 * | WECHATPAY_SIGN_TYPE | HMAC-SHA256 (default) or MD5 |
 * | WECHATPAY_SUB_APP_ID, WECHATPAY_SUB_MERCHANT_ID | institutional mode |
 * | WECHATPAY_BASE_URL | one origin, or several divided by commas |
 * | WECHATPAY_CA | root certificates to trust instead of the system's: a path, PEM text or base64 |
 * | WECHATPAY_PROXY | the URL of an HTTP proxy, or false |
 * | WECHATPAY_CONNECT_TIMEOUT_MS, WECHATPAY_TIMEOUT_MS | milliseconds |
 * | WECHATPAY_MAX_CONNECTIONS, WECHATPAY_MAX_QUEUED | calls under way at once, and calls that wait |
 *
 * Other variables that begin with WECHATPAY_ are left to the application, but one that is nearly one of these is refused.
 *
 * @example
 * imports: [ConfigModule.forRoot(), WechatPayModule.forRootAsync(wechatPayConfig.asProvider())]
 * @throws {WechatPayConfigError} at boot; `problems` and the message name every variable that is missing or wrong.
 */
export const wechatPayConfig = registerAs('wechatpay', (): WechatPayConfig => configFromEnvironment(process.env));
