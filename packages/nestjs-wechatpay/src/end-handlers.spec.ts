import 'reflect-metadata';
import {
  Controller,
  Inject,
  Injectable,
  Logger,
  Module,
  Scope,
  UseGuards,
  UseInterceptors,
  type CallHandler,
  type DynamicModule,
  type ModuleMetadata,
} from '@nestjs/common';
import { WechatPayConfigError, type QuickPayRequest } from 'wechatpay-core';
import { DurableOrders, type ResolvedOrder, type ResolvedRefund } from 'wechatpay-durable';
import { MemoryStore } from 'wechatpay-durable/memory';
import { describe, expect, expectTypeOf, it, vi } from 'vitest';
import { openShop, settingsOf } from '../test/shop.js';
import {
  OnOrderResolved,
  OnRefundResolved,
  WechatPayDurableModule,
  type WechatPayDurableModuleExtras,
  type WechatPayDurableOptions,
} from './durable.js';
import { WechatPayModule } from './index.js';

// A real gateway, on a clock that goes twenty times as fast: an end that was not taken is told again after half a second.
const SPEED = 20;
const START = Date.now();
const now = (): number => START + (Date.now() - START) * SPEED;

const { sandbox, settings: given, start, purchase } = await openShop({ now });
const settings = { ...given, now };

const wechatPay = (): DynamicModule => WechatPayModule.forRoot({ ...settings, isGlobal: true });
const durable = (options: Partial<WechatPayDurableOptions> & WechatPayDurableModuleExtras = {}): DynamicModule =>
  WechatPayDurableModule.forRoot({ store: new MemoryStore(), speed: SPEED, isGlobal: true, ...options });
const feature = (metadata: ModuleMetadata): DynamicModule => {
  @Module({})
  class FeatureModule {}
  return { module: FeatureModule, ...metadata };
};

/** Starts a shop with these providers. */
const open = async (
  metadata: ModuleMetadata,
  options: Partial<WechatPayDurableOptions> = {},
): Promise<DurableOrders> => {
  const app = await start(wechatPay(), durable(options), feature(metadata));
  return app.get(DurableOrders);
};
const isDone = (orders: DurableOrders, { outTradeNo }: QuickPayRequest): Promise<unknown> =>
  expect.poll(() => orders.get({ outTradeNo }), { timeout: 20_000 }).toMatchObject({ status: 'done' });

/** Uses the orders whose ends it is called with: no circle, since nobody injects it. */
@Injectable()
class Books {
  static readonly told: string[] = [];

  constructor(@Inject(DurableOrders) readonly durableOrders: DurableOrders) {}

  @OnOrderResolved()
  async onEnd({ order: { outTradeNo }, outcome, end }: ResolvedOrder): Promise<void> {
    const stored = await this.durableOrders.get({ outTradeNo });
    Books.told.push(`${outTradeNo} ${end} ${outcome.kind}, stored as ${stored?.outcome?.kind}`);
  }
}

describe('@OnOrderResolved', () => {
  @Controller()
  class BooksController extends Books {}
  const found: [string, ModuleMetadata][] = [
    ['of a provider', { providers: [Books] }],
    ['of a controller', { controllers: [BooksController] }],
    [
      'of what a factory makes, under two tokens',
      {
        providers: [
          { provide: 'books', useFactory: (orders: DurableOrders) => new Books(orders), inject: [DurableOrders] },
          { provide: 'ledger', useExisting: 'books' },
        ],
      },
    ],
  ];
  it.each(found)('is called with the end, once it is stored: %s, which injects DurableOrders', async (_, metadata) => {
    Books.told.length = 0;
    const orders = await open(metadata);
    const request = purchase();
    await orders.pay(request);
    await isDone(orders, request);
    expect(Books.told).toEqual([`${request.outTradeNo} 1 paid, stored as paid`]);
  });

  it('costs nothing where there is none: no end is told', async () => {
    const orders = await open({});
    const request = purchase();
    await orders.pay(request);
    await isDone(orders, request);
    const { timeline = [] } = (await orders.explain({ outTradeNo: request.outTradeNo })) ?? {};
    expect(timeline.map(({ kind }) => kind)).not.toContain('told');
  });

  it('one that fails is called again, alone; the others took it, and other orders go on', async () => {
    const told: string[] = [];
    let isUp = false;
    class Shop {
      @OnOrderResolved()
      books({ order }: ResolvedOrder): void {
        told.push(`books ${order.outTradeNo}`);
      }

      @OnOrderResolved()
      async mail({ order }: ResolvedOrder): Promise<void> {
        told.push(`mail ${order.outTradeNo}`);
        await Promise.resolve();
        if (!isUp && order.outTradeNo === first.outTradeNo) throw new Error('no such host');
      }
    }
    const [first, second] = [purchase(), purchase()];
    const warn = vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    const onResolved = vi.fn();
    const orders = await open({ providers: [Shop] }, { onResolved });
    await orders.pay(first);
    await expect.poll(() => told).toHaveLength(2);
    await orders.pay(second);
    await isDone(orders, second);
    expect(await orders.get({ outTradeNo: first.outTradeNo })).toMatchObject({ status: 'waiting' });
    isUp = true;
    await isDone(orders, first);
    const of = ({ outTradeNo }: QuickPayRequest): string[] => told.filter((line) => line.endsWith(` ${outTradeNo}`));
    expect(of(second)).toEqual([`books ${second.outTradeNo}`, `mail ${second.outTradeNo}`]);
    const [books, ...mails] = of(first);
    expect(books).toBe(`books ${first.outTradeNo}`);
    expect(mails.length).toBeGreaterThan(1);
    expect(new Set(mails)).toEqual(new Set([`mail ${first.outTradeNo}`]));
    expect(onResolved).toHaveBeenCalledTimes(2);
    expect(warn.mock.calls[0]?.[0]).toMatch(/and is called again\. Shop\.mail: no such host$/);
  });

  it('is called beside the option, each with a copy of its own', async () => {
    const told: string[] = [];
    const take = (resolved: ResolvedOrder): void => {
      told.push(resolved.outcome.kind);
      Object.assign(resolved.outcome, { kind: 'changed' });
    };
    class Shop {
      @OnOrderResolved()
      onEnd(resolved: ResolvedOrder): void {
        take(resolved);
      }
    }
    const orders = await open({ providers: [Shop] }, { onResolved: take });
    const request = purchase();
    await orders.pay(request);
    await isDone(orders, request);
    expect(told).toEqual(['paid', 'paid']);
  });
});

it('@OnRefundResolved is called with the end of a refund', async () => {
  const told: string[] = [];
  class Shop {
    @OnRefundResolved()
    onRefund({ outRefundNo, outcome, end }: ResolvedRefund): void {
      told.push(`${outRefundNo} ${end} ${outcome.kind}`);
    }
  }
  const orders = await open({ providers: [Shop] });
  const { outTradeNo, totalFee, ...request } = purchase();
  await orders.pay({ ...request, outTradeNo, totalFee });
  const outRefundNo = `R-${outTradeNo}`;
  await orders.refund({ outTradeNo, outRefundNo, totalFee, refundFee: 300 });
  const ended = async (): Promise<string[]> => {
    await orders.hasten({ outRefundNo });
    return told;
  };
  await expect.poll(ended, { timeout: 20_000 }).toEqual([`${outRefundNo} 1 refunded`]);
});

describe('named merchants', () => {
  class Shop {
    readonly told: string[] = [];

    @OnOrderResolved()
    all({ merchantId }: ResolvedOrder): void {
      this.told.push(`all ${merchantId}`);
    }

    @OnOrderResolved({ merchants: ['hk'] })
    hongKong({ merchantId }: ResolvedOrder): void {
      this.told.push(`hk ${merchantId}`);
    }
  }

  it('a handler is called for those that it names, in one registration or in several', async () => {
    const branch = await sandbox.merchants.create();
    const registered = (token: string, merchant?: string): DynamicModule =>
      feature({
        imports: [durable({ merchants: [merchant], isGlobal: false })],
        providers: [{ provide: token, useFactory: (orders: DurableOrders) => orders, inject: [DurableOrders] }],
      });
    const app = await start(
      wechatPay(),
      WechatPayModule.forRoot({ ...settingsOf(branch), now, name: 'hk', isGlobal: true }),
      registered('own'),
      registered('branch', 'hk'),
      feature({ providers: [Shop] }),
    );
    const { told } = app.get(Shop);
    for (const orders of [app.get<DurableOrders>('own'), app.get<DurableOrders>('branch')]) {
      const request = purchase();
      await orders.pay(request);
      await isDone(orders, request);
    }
    expect(told).toEqual([`all ${settings.merchantId}`, `all ${branch.merchantId}`, `hk ${branch.merchantId}`]);
  });

  it('one that is not registered is refused at boot', async () => {
    await expect(open({ providers: [Shop] })).rejects.toThrow(
      /^Shop\.hongKong: is for 'hk', which no WechatPayDurableModule has\. Registered: the merchant without a name\./,
    );
  });
});

describe('refused', () => {
  @Injectable({ scope: Scope.REQUEST })
  class ForEachRequest extends Books {}
  class Guarded {
    @UseGuards({ canActivate: () => true })
    @OnOrderResolved()
    onEnd(): void {
      // noted
    }
  }
  class Intercepted {
    @OnRefundResolved()
    @UseInterceptors({ intercept: (_: unknown, next: CallHandler) => next.handle() })
    onRefund(): void {
      // noted
    }
  }
  const atBoot: [string, ModuleMetadata, RegExp][] = [
    [
      'request-scoped',
      { providers: [ForEachRequest] },
      /^ForEachRequest\.onEnd: has @OnOrderResolved\(\), but its class is/,
    ],
    [
      'guarded',
      { providers: [Guarded] },
      /^Guarded\.onEnd: has @UseGuards, which has no effect here: a worker calls it/,
    ],
    ['intercepted', { providers: [Intercepted] }, /^Intercepted\.onRefund: has @UseInterceptors/],
  ];
  it.each(atBoot)('at boot, before the store is opened: %s', async (_, metadata, message) => {
    const opened = vi.spyOn(MemoryStore.prototype, 'open');
    const opening = open(metadata);
    await expect(opening).rejects.toThrow(message);
    await expect(opening).rejects.toThrow(WechatPayConfigError);
    expect(opened).not.toHaveBeenCalled();
  });

  const decorate = OnOrderResolved as (...given: unknown[]) => (target: unknown, method: string) => void;
  it.each<[string, () => unknown, RegExp]>([
    ['a text', () => decorate('hk'), /^options: must be an object, not a string; call @OnOrderResolved\(\{ merchants/],
    ['an unknown option', () => decorate({ merchant: 'hk' }), /^merchant: .*Did you mean merchants\?/],
    ['a name for names', () => decorate({ merchants: 'hk' }), /^merchants: must be an array of names/],
    [
      'a static method',
      () => {
        decorate()(Books, 'onEnd');
      },
      /^Books\.onEnd: @OnOrderResolved\(\) is for methods/,
    ],
  ])('where it stands: %s', (_, act, message) => {
    expect(act).toThrow(message);
  });

  it('by the compiler: a method that takes something else', () => {
    type Given<D> = D extends (target: object, method: string, descriptor: TypedPropertyDescriptor<infer H>) => void
      ? H
      : never;
    expectTypeOf<Parameters<Given<ReturnType<typeof OnOrderResolved>>>>().toEqualTypeOf<[ResolvedOrder]>();
    expectTypeOf<Parameters<Given<ReturnType<typeof OnRefundResolved>>>>().toEqualTypeOf<[ResolvedRefund]>();
  });
});
