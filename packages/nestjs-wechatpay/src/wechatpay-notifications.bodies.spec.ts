import 'reflect-metadata';
import {
  Body,
  Catch,
  Controller,
  Post,
  SetMetadata,
  UseGuards,
  VersioningType,
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  type ExecutionContext,
  type INestApplication,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { describe, expect, it } from 'vitest';
import type { PaymentNotification } from 'wechatpay-core';
import {
  ACKNOWLEDGED,
  ADAPTERS,
  N1,
  openNotifiedShop,
  post,
  refused,
  settingsOfCases,
  type Adapter,
  type ParsedRequest,
  type StartOptions,
} from '../test/notified-shop.js';
import { OnPaymentNotified, WechatPayModule, WechatPayNotificationsModule } from './index.js';
import type { WechatPayNotificationsModuleExtras } from './wechatpay-notifications.options.js';

const { sandbox, start } = await openNotifiedShop();

class Shop {
  static readonly paid: string[] = [];

  @OnPaymentNotified()
  onPayment({ outTradeNo }: PaymentNotification): void {
    Shop.paid.push(outTradeNo);
  }
}

@Controller('other')
class OtherController {
  @Post()
  other(@Body() body: unknown): unknown {
    return { body: body ?? null };
  }
}

@Controller('shop/wechatpay')
class EndsAsOursController {
  @Post('payments')
  payments(@Body() body: unknown): unknown {
    return { body: body ?? null };
  }
}

async function open(
  adapter: Adapter,
  options: StartOptions = {},
  extras: WechatPayNotificationsModuleExtras = {},
): Promise<string> {
  Shop.paid.length = 0;
  const imports = [WechatPayModule.forRoot(settingsOfCases(sandbox)), WechatPayNotificationsModule.forRoot(extras)];
  return start(adapter, { imports, providers: [Shop], controllers: [OtherController, EndsAsOursController] }, options);
}

// https://github.com/golevelup/nestjs/issues/176 (a raw-body middleware that was written for Express did nothing under Fastify)
describe.each(ADAPTERS)('the body, on %s', (adapter) => {
  // https://github.com/fastify/fastify-cli/issues/206 (Fastify refuses text/xml with 415)
  it.each(['text/xml', 'text/xml; charset=utf-8', 'application/xml', undefined, 'text/plain', 'no/such; "type'])(
    'is read where its type is %s',
    async (contentType) => {
      const url = await open(adapter);
      const answer = await post(`${url}/wechatpay/payments`, N1, contentType);
      expect(answer).toMatchObject({ status: 200, body: ACKNOWLEDGED });
      expect(Shop.paid).toEqual(['T-0001']);
    },
  );

  it('of other routes goes to the parsers that the application has', async () => {
    const url = await open(adapter);
    const json = await post(`${url}/other`, '{"a":1}', 'application/json');
    expect(JSON.parse(json.body)).toEqual({ body: { a: 1 } });
    const xml = await post(`${url}/other`, N1, 'text/xml');
    expect(xml.status).toBe(adapter === 'express' ? 201 : 415);
    expect(xml.body).not.toContain('T-0001');
  });

  it('of a route whose path only ends as ours goes there, too', async () => {
    const url = await open(adapter);
    const json = await post(`${url}/shop/wechatpay/payments`, '{"a":1}', 'application/json');
    expect(JSON.parse(json.body)).toEqual({ body: { a: 1 } });
    // How ours is read is nobody else's to ask for.
    const asOurs = await post(`${url}/other`, N1, 'application/x-wechatpay-notification');
    expect(asOurs.status).toBe(adapter === 'express' ? 201 : 415);
    expect(asOurs.body).not.toContain('T-0001');
  });

  const parsers: [string, StartOptions][] = [
    ['rawBody', { rawBody: true }],
    ['no body parser', { bodyParser: false }],
    ['a parser that leaves text', { prepare: parsing('string', (text) => text) }],
    ['a parser that leaves bytes', { prepare: parsing('buffer', (bytes) => bytes) }],
    ['a parser that leaves an object', { prepare: parsing('string', () => ({ xml: {} }), 'with rawBody') }],
  ];
  it.each(parsers)('is read where the application has %s', async (_, options) => {
    const url = await open(adapter, options);
    const answer = await post(`${url}/wechatpay/payments`, N1, 'text/xml');
    expect(answer).toMatchObject({ status: 200, body: ACKNOWLEDGED });
    expect(Shop.paid).toEqual(['T-0001']);
  });

  it.each([
    ['70 KiB', 'x'.repeat(70 * 1024), 'Invalid notification'],
    ['3 MiB', 'x'.repeat(3 * 1024 * 1024), 'Invalid notification'],
    ['nothing', '', 'Invalid notification'],
  ])('of %s is refused', async (_, body, words) => {
    const url = await open(adapter);
    const answer = await post(`${url}/wechatpay/payments`, body, 'text/xml');
    expect(answer).toMatchObject({ status: 200, body: refused(words) });
    expect(Shop.paid).toEqual([]);
  });
});

it('a parser of Express that keeps neither text nor bytes: refused', async () => {
  const url = await open('express', { prepare: parsing('string', () => ({ xml: {} })) });
  const answer = await post(`${url}/wechatpay/payments`, N1, 'text/xml');
  expect(answer).toMatchObject({ status: 200, body: refused('Temporarily unavailable') });
});

const IS_PUBLIC = 'is-public';

/** As applications have one: whoever shows no token is refused, but where a route is public. */
class TokenGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    return (
      new Reflector().getAllAndOverride<boolean | undefined>(IS_PUBLIC, [context.getHandler(), context.getClass()]) ??
      false
    );
  }
}

describe.each(ADAPTERS)('what the application sets globally, on %s', (adapter) => {
  const paths: [string, string, (app: INestApplication) => unknown, WechatPayNotificationsModuleExtras?][] = [
    ['a prefix', '/api/wechatpay/payments', (app) => app.setGlobalPrefix('api')],
    [
      'versions in the path',
      '/wechatpay/payments',
      (app) => app.enableVersioning({ type: VersioningType.URI, defaultVersion: '1' }),
    ],
    [
      'versions in a header',
      '/wechatpay/payments',
      (app) => app.enableVersioning({ type: VersioningType.HEADER, header: 'version', defaultVersion: '1' }),
    ],
    ['another path', '/a/b/payments', () => undefined, { path: '/a/b/' }],
    ['both', '/api/a/b/payments', (app) => app.setGlobalPrefix('api'), { path: 'a/b' }],
  ];
  it.each(paths)('%s: %s', async (_, path, prepare, extras) => {
    const url = await open(adapter, { prepare }, extras);
    expect(await post(`${url}${path}`, N1, 'text/xml')).toMatchObject({ status: 200, body: ACKNOWLEDGED });
  });

  it('a guard refuses it so that it comes again', async () => {
    const url = await open(adapter, { prepare: (app) => app.useGlobalGuards(new TokenGuard()) });
    const answer = await post(`${url}/wechatpay/payments`, N1, 'text/xml');
    expect(answer).toMatchObject({ status: 200, body: refused('Temporarily unavailable') });
    expect(Shop.paid).toEqual([]);
  });

  it('a guard lets it pass where a decorator says so; a guard of its own route is one of the decorators', async () => {
    const asked: string[] = [];
    const own: CanActivate = {
      canActivate: (context) => asked.push(context.getType()) > 0,
    };
    const url = await open(
      adapter,
      { prepare: (app) => app.useGlobalGuards(new TokenGuard()) },
      { decorators: [SetMetadata(IS_PUBLIC, true), UseGuards(own)] },
    );
    expect(await post(`${url}/wechatpay/payments`, N1, 'text/xml')).toMatchObject({ body: ACKNOWLEDGED });
    expect(asked).toEqual(['http']);
  });

  it('an interceptor sees it and does not change the answer; a pipe and a filter have no part in it', async () => {
    let intercepted = 0;
    const envelope = {
      intercept: (_: ExecutionContext, next: CallHandler) => {
        intercepted += 1;
        return next.handle();
      },
    };
    const pipe = {
      transform: () => {
        throw new Error('no such value');
      },
    };
    @Catch()
    class TeapotFilter {
      catch(_: unknown, host: ArgumentsHost): void {
        host
          .switchToHttp()
          .getResponse<{ status: (code: number) => { send: (text: string) => void } }>()
          .status(418)
          .send('');
      }
    }
    const url = await open(adapter, {
      prepare: (app) => {
        app.useGlobalInterceptors(envelope);
        app.useGlobalPipes(pipe);
        app.useGlobalFilters(new TeapotFilter());
      },
    });
    expect(await post(`${url}/wechatpay/payments`, N1, 'text/xml')).toMatchObject({ status: 200, body: ACKNOWLEDGED });
    const forged = await post(`${url}/wechatpay/payments`, '<xml></xml>', 'text/xml');
    expect(forged).toMatchObject({ status: 200, body: refused('Invalid notification') });
    expect(intercepted).toBe(2);
  });
});

/** What an application's own parser of XML does, written for its adapter. */
function parsing(
  parseAs: 'string' | 'buffer',
  toBody: (raw: string | Buffer) => unknown,
  keeping?: 'with rawBody',
): (app: INestApplication) => void {
  return (app) => {
    const http = app.getHttpAdapter();
    if (http.getType() === 'fastify') {
      const fastify = http.getInstance() as { addContentTypeParser: (...parameters: unknown[]) => void };
      fastify.addContentTypeParser('text/xml', { parseAs }, (_: unknown, raw: string | Buffer, done: Done) => {
        done(null, toBody(raw));
      });
      return;
    }
    app.use((request: ParsedRequest, _: unknown, next: () => void) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const raw = Buffer.concat(chunks);
        request.body = toBody(parseAs === 'string' ? raw.toString() : raw);
        if (keeping !== undefined) request.rawBody = raw;
        next();
      });
    });
  };
}

type Done = (error: null, body: unknown) => void;
