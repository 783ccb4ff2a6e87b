import {
  applyDecorators,
  Catch,
  Controller,
  Inject,
  Logger,
  Post,
  Req,
  Res,
  UseFilters,
  VERSION_NEUTRAL,
  type ArgumentsHost,
  type ExceptionFilter,
  type Type,
} from '@nestjs/common';
import { HttpAdapterHost, type AbstractHttpAdapter } from '@nestjs/core';
import { isWechatPayError, refuse, type NotificationResponse } from 'wechatpay-core';
import { NotificationHandlers, type NotificationKind } from './notification-handlers.js';
import { KeepBodyUnread, readRawBody } from './raw-body.js';

type AnyRequest = Parameters<typeof readRawBody>[0];

/** Answers what goes wrong so that WeChat Pay sends the notification again, and says it in the log. */
@Catch()
class RefusalFilter implements ExceptionFilter {
  readonly #logger = new Logger('WechatPayNotificationsModule');

  constructor(@Inject(HttpAdapterHost) private readonly host: HttpAdapterHost) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const isInvalid = isWechatPayError(error) && error.code === 'WECHATPAY_INVALID_NOTIFICATION';
    this.#log(error, isInvalid);
    const response = host.switchToHttp().getResponse<unknown>();
    respond(this.host.httpAdapter, response, refuse(isInvalid ? 'invalid' : 'unavailable'));
  }

  // Messages and stacks, and no more: what else hangs on a database's error may be a password.
  #log(error: unknown, isInvalid: boolean): void {
    const text = error instanceof Error ? error.message : String(error);
    if (isInvalid) this.#logger.warn(`A notification is refused. ${text}`);
    else
      this.#logger.error(
        `A notification is refused, and comes again. ${text}`,
        error instanceof Error ? error.stack : undefined,
      );
  }
}

/**
 * The routes as a controller: what the application has set globally (prefix, guards, pipes, interceptors) holds for them as for
 * every other. Without a version, whatever the versioning.
 */
export function controllerAt(path: string, decorators: readonly ClassDecorator[]): Type {
  @Controller({ path, version: VERSION_NEUTRAL })
  @UseFilters(RefusalFilter)
  class WechatPayNotificationsController {
    constructor(
      @Inject(NotificationHandlers) private readonly handlers: NotificationHandlers,
      @Inject(HttpAdapterHost) private readonly host: HttpAdapterHost,
    ) {}

    @Post('payments')
    @KeepBodyUnread()
    payments(@Req() request: AnyRequest, @Res() response: unknown): Promise<void> {
      return this.#answer('payment', request, response);
    }

    @Post('refunds')
    @KeepBodyUnread()
    refunds(@Req() request: AnyRequest, @Res() response: unknown): Promise<void> {
      return this.#answer('refund', request, response);
    }

    // Written here, not returned: an interceptor that wraps what is returned would make it no acknowledgement.
    async #answer(kind: NotificationKind, request: AnyRequest, response: unknown): Promise<void> {
      respond(this.host.httpAdapter, response, await this.handlers.handle(kind, await readRawBody(request)));
    }
  }
  applyDecorators(...decorators)(WechatPayNotificationsController);
  return WechatPayNotificationsController;
}

function respond(
  adapter: AbstractHttpAdapter,
  response: unknown,
  { status, headers, body }: NotificationResponse,
): void {
  if (adapter.isHeadersSent(response)) return; // an interceptor had its own time limit
  for (const [name, value] of Object.entries(headers)) adapter.setHeader(response, name, value);
  adapter.reply(response, body, status);
}
