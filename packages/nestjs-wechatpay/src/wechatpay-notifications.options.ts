import { readOnce } from 'wechatpay-core';
import { checkNotExtras, checkRegistration, isMerchantListOrAbsent, type Check } from './registration.js';

/** What `forRoot` takes, and a factory gives. */
export interface WechatPayNotificationsOptions {
  /**
   * Whose notifications: the names with which merchants were registered at `WechatPayModule`; undefined is the one without a name.
   * Those of others are refused.
   *
   * @default every merchant that is registered, and those of `WechatPayMerchantsModule`
   */
  readonly merchants?: readonly (string | undefined)[] | undefined;
  /**
   * How long handlers may take, in milliseconds, before the notification is refused and comes again; 1 to 5000: WeChat Pay does not
   * wait for longer.
   *
   * @default 5000
   */
  readonly timeoutMs?: number | undefined;
}

/** What `useClass` and `useExisting` of `forRootAsync` implement. */
export interface WechatPayNotificationsOptionsFactory {
  createWechatPayNotificationsOptions(): Promise<WechatPayNotificationsOptions> | WechatPayNotificationsOptions;
}

/** What stands beside the options, or beside the factory that brings them. */
export interface WechatPayNotificationsModuleExtras {
  /**
   * Below which path the routes `payments` and `refunds` are; the application's global prefix comes before it. A plain path without
   * parameters.
   *
   * @default 'wechatpay'
   */
  path?: string | undefined;
  /** Decorators of the controller, as `Public()` of the application's own guard, `SkipThrottle()` or `UseGuards(…)`. @default [] */
  decorators?: readonly ClassDecorator[] | undefined;
}

export const EXTRAS: Readonly<Record<keyof WechatPayNotificationsModuleExtras, Check>> = {
  path: (value) =>
    value === undefined || (typeof value === 'string' && /^\/?[\w.~-]+(?:\/[\w.~-]+)*\/?$/.test(value))
      ? undefined
      : "must be a path without parameters, as in 'wechatpay' or 'notifications/wechatpay'.",
  decorators: (value) =>
    value === undefined || (Array.isArray(value) && value.every((decorator) => typeof decorator === 'function'))
      ? undefined
      : 'must be an array of class decorators; call those that take arguments, as in [Public()].',
};

export const OPTIONS: Readonly<Record<keyof WechatPayNotificationsOptions, Check>> = {
  merchants: isMerchantListOrAbsent,
  timeoutMs: (value) =>
    value === undefined || (Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 5000)
      ? undefined
      : 'must be a whole number of milliseconds from 1 to 5000.',
};

export const EXAMPLE = "{ path: 'wechatpay' }";

/** The options, checked and with their defaults. */
export const SETTINGS = Symbol('WechatPayNotificationsSettings');

export type Settings = WechatPayNotificationsOptions & { readonly timeoutMs: number };

/** Below which path. */
export const PATH = Symbol('WechatPayNotificationsPath');

/** @throws {WechatPayConfigError} every option of a factory that is wrong or unknown. */
export function settingsFrom(given: WechatPayNotificationsOptions): Settings {
  checkNotExtras(given, EXTRAS);
  const known = Object.keys(OPTIONS);
  checkRegistration([given], {
    method: 'WechatPayNotificationsModule.forRoot',
    example: EXAMPLE,
    checks: OPTIONS,
    known,
  });
  const { merchants, timeoutMs = 5000 } = readOnce(given, known, 'options');
  return { merchants, timeoutMs };
}
