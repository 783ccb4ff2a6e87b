import { ConfigurableModuleBuilder, type DynamicModule } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { NotificationHandlers } from './notification-handlers.js';
import { controllerAt } from './wechatpay-notifications.controller.js';
import {
  PATH,
  SETTINGS,
  settingsFrom,
  type WechatPayNotificationsModuleExtras,
  type WechatPayNotificationsOptions,
} from './wechatpay-notifications.options.js';

const built = new ConfigurableModuleBuilder<WechatPayNotificationsOptions>()
  .setClassMethodName('forRoot')
  .setFactoryMethodName('createWechatPayNotificationsOptions')
  .setExtras<WechatPayNotificationsModuleExtras>(
    { path: undefined, decorators: undefined },
    (definition, { path = 'wechatpay', decorators = [] }): DynamicModule => {
      const plainPath = path.replace(/^\/|\/$/g, '');
      return {
        ...definition,
        imports: [...(definition.imports ?? []), DiscoveryModule],
        controllers: [controllerAt(plainPath, decorators)],
        providers: [
          ...(definition.providers ?? []),
          { provide: PATH, useValue: plainPath },
          { provide: SETTINGS, useFactory: settingsFrom, inject: [MODULE_OPTIONS_TOKEN] },
          NotificationHandlers,
        ],
      };
    },
  )
  .build();
const { MODULE_OPTIONS_TOKEN } = built;
export const { ConfigurableModuleClass } = built;
