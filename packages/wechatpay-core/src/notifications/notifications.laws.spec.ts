import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import {
  encryptRefundInfo,
  NOTIFIED_KEY,
  notifiedClient,
  paymentDocument,
  refundDocument,
  refusalOf,
} from '../../test/notified.js';
import made from '../../test/vectors/notifications.json' with { type: 'json' };
import {
  encodeXml,
  readPaymentNotification,
  readRefundNotification,
  signFields,
  type PaymentNotification,
  type SignType,
  type WechatPayClient,
} from '../index.js';

// A judge who knows what WeChat Pay has said, beside a shop that is posted anything: forged, foreign, replayed, reordered, duplicated.

/** A merchant of ours. */
interface Owner {
  readonly client: WechatPayClient;
  readonly key: string;
  readonly signType: SignType;
  readonly parties: Readonly<Record<string, string>>;
}

function owner(appId: string, merchantId: string, key: string, signType: SignType, subMerchantId?: string): Owner {
  const client = notifiedClient({ appId, merchantId, apiKey: key, signType, subMerchantId });
  const parties = { appid: appId, mch_id: merchantId, ...(subMerchantId && { sub_mch_id: subMerchantId }) };
  return { client, key, signType, parties };
}

const OWNERS: readonly [Owner, ...Owner[]] = [
  owner('wx1', '1900000301', NOTIFIED_KEY, 'MD5'),
  owner('wx2', '1900000301', NOTIFIED_KEY, 'MD5'),
  owner('wx3', '1900000302', 'h'.repeat(32), 'HMAC-SHA256'),
  owner('wx4', '1900000303', 'i'.repeat(32), 'MD5', '8'),
  owner('wx4', '1900000303', 'i'.repeat(32), 'MD5', '9'),
];
const CLIENTS = OWNERS.map(({ client }) => client);

/** What WeChat Pay has said once, signed. */
interface Word {
  readonly owner: Owner;
  readonly fields: Readonly<Record<string, string>>;
}

const words: fc.Arbitrary<readonly Word[]> = fc
  .array(
    fc.record({
      owner: fc.constantFrom(...OWNERS),
      order: fc.constantFrom('T-1', 'T-2', 'T/1'),
      fee: fc.constantFrom('1', '888', '12500'),
      currency: fc.constantFrom('HKD', 'CNY'),
      isPaid: fc.boolean(),
      attach: fc.constantFrom('', 'table 7', '茶 & <tea>', 'a=1&b=2', ']]>'),
    }),
    { minLength: 1, maxLength: 4 },
  )
  .map((drawn) =>
    drawn.map(({ owner, order, fee, currency, isPaid, attach }, index) => {
      const fields = {
        return_code: 'SUCCESS',
        result_code: isPaid ? 'SUCCESS' : 'FAIL',
        ...owner.parties,
        nonce_str: `n${index}`,
        out_trade_no: `${order}-${owner.parties.appid ?? ''}`, // a merchant's number is one order, whichever of its apps has made it
        ...(isPaid && { transaction_id: `42${index}`, total_fee: fee, fee_type: currency }),
        ...(attach !== '' && { attach }),
      };
      return { owner, fields: { ...fields, sign: signFields(fields, owner.key, owner.signType) } };
    }),
  );

/** What somebody does with what was said before. */
interface Deed {
  readonly word: Word;
  /** Another one, or the same. */
  readonly other: Word;
  readonly at: number;
  readonly value: string;
}

const resigned = ({ fields: { sign, ...fields } }: Word, key: string, signType: SignType): string =>
  encodeXml({ ...fields, sign: signFields(fields, key, signType) });
const nameAt = ({ fields }: Word, at: number): string => Object.keys(fields)[at % Object.keys(fields).length] ?? 'sign';
const shuffled = <Item>(items: readonly Item[], at: number): Item[] =>
  items.map((_, index) => items[(index * 7 + at) % items.length] as Item);

/** Anybody can post these again, and they are true. */
const GENUINE = {
  'as it was sent': ({ word }: Deed) => encodeXml(word.fields),
  'with its fields in another order': ({ word, at }: Deed) =>
    encodeXml(Object.fromEntries(Object.entries(word.fields).sort(([a], [b]) => (a < b ? -1 : 1) * (at % 2 ? 1 : -1)))),
  // What has no value is not signed: anybody may have put it there.
  'with fields without a value added': ({ word, at }: Deed) => {
    const name = ['recall', 'trade_state', 'refund_id', 'err_code', 'coupon_id_0'][at % 5] ?? 'recall';
    return encodeXml(word.fields).replace('</xml>', `<${name}></${name}></xml>`);
  },
};

const FALSE = {
  'with a changed value': ({ word, at, value }: Deed) =>
    encodeXml({ ...word.fields, [nameAt(word, at)]: `${value}${word.fields[nameAt(word, at)] ?? ''}` }),
  'with a field added': ({ word, at, value }: Deed) =>
    encodeXml({
      ...word.fields,
      [['coupon_fee', 'cash_fee', 'trade_state', 'sub_appid'][at % 4] ?? 'cash_fee']: value,
    }),
  'with a field taken away': ({ word, at }: Deed) => encodeXml({ ...word.fields, [nameAt(word, at)]: undefined }),
  'signed with the key of a stranger': ({ word }: Deed) => resigned(word, 'z'.repeat(32), word.owner.signType),
  "signed with another merchant's key": ({ word }: Deed) =>
    resigned(word, word.owner.key === NOTIFIED_KEY ? 'h'.repeat(32) : NOTIFIED_KEY, word.owner.signType),
  'signed with the other algorithm': ({ word }: Deed) =>
    resigned(word, word.owner.key, word.owner.signType === 'MD5' ? 'HMAC-SHA256' : 'MD5'),
  "of another merchant, signed with that one's key": ({ word }: Deed) =>
    resigned({ ...word, fields: { ...word.fields, mch_id: '1900000399' } }, 'z'.repeat(32), 'MD5'),
  'for an app that is not ours': ({ word }: Deed) =>
    resigned({ ...word, fields: { ...word.fields, appid: 'wx9' } }, word.owner.key, word.owner.signType),
  'that is the answer of another API': ({ word, at }: Deed) => {
    const [name, value] =
      Object.entries({ trade_state: 'NOTPAY', recall: 'N', refund_id: '5', prepay_id: 'wx' })[at % 4] ?? [];
    return resigned(
      { ...word, fields: { ...word.fields, [name ?? '']: value ?? '' } },
      word.owner.key,
      word.owner.signType,
    );
  },
  'with a field twice': ({ word, at }: Deed) => {
    const name = nameAt(word, at);
    return encodeXml(word.fields).replace(
      '</xml>',
      `<${name}>${word.fields[name] === '1' ? '2' : '1'}</${name}></xml>`,
    );
  },
  'cut off': ({ word, at }: Deed) => {
    const whole = Buffer.from(encodeXml(word.fields));
    return whole.subarray(0, at % (whole.length - 1));
  },
};

/** Some of these are true all the same: by chance, or because what was changed says nothing. */
const DOUBTFUL = {
  'with the signature of another': ({ word, other }: Deed) => encodeXml({ ...word.fields, sign: other.fields.sign }),
  'put together from two': ({ word, other, at }: Deed) => {
    const names = shuffled(Object.keys({ ...word.fields, ...other.fields }), at);
    return encodeXml(Object.fromEntries(names.map((name, index) => [name, (index % 2 ? word : other).fields[name]])));
  },
  'with a bit flipped': ({ word, at }: Deed) => {
    const bytes = Buffer.from(encodeXml(word.fields));
    const place = at % bytes.length;
    bytes[place] = (bytes[place] ?? 0) ^ (1 << (at % 8));
    return bytes;
  },
};

const deed = (said: readonly Word[]): fc.Arbitrary<Deed> =>
  fc.record({
    word: fc.constantFrom(...said),
    other: fc.constantFrom(...said),
    at: fc.nat(10_000),
    value: fc.constantFrom('1', '9', 'SUCCESS', 'T-2', 'x&total_fee=1', '&out_trade_no=T-1'),
  });
const posted = words.chain((said) => fc.tuple(fc.constant(said), deed(said)));

/** What a shop would book, and for whom. */
const factOf = (client: WechatPayClient, fields: Readonly<Record<string, string>>): string =>
  JSON.stringify([
    ...[
      CLIENTS.indexOf(client),
      fields.mch_id,
      fields.sub_mch_id,
      fields.appid,
      fields.out_trade_no,
      fields.result_code,
    ],
    ...[fields.transaction_id, fields.total_fee, fields.fee_type],
  ]);
const readFact = (notification: PaymentNotification): string => {
  const { client, appId, merchantId, subMerchantId, outTradeNo } = notification;
  const paid = notification.isPaid && {
    transaction_id: notification.transactionId,
    total_fee: String(notification.totalFee),
    ...(notification.currency !== undefined && { fee_type: notification.currency }),
  };
  return factOf(client, {
    mch_id: merchantId,
    ...(subMerchantId !== undefined && { sub_mch_id: subMerchantId }),
    appid: appId,
    out_trade_no: outTradeNo,
    result_code: paid ? 'SUCCESS' : 'FAIL',
    ...paid,
  });
};

describe('whatever is posted about payments', () => {
  test.each(Object.entries(GENUINE))('a notification %s is believed, as what it is', (_, make) => {
    fc.assert(
      fc.property(posted, ([, done]) => {
        const notification = readPaymentNotification(CLIENTS, make(done));
        expect(readFact(notification)).toBe(factOf(done.word.owner.client, done.word.fields));
      }),
    );
  });

  test.each(Object.entries(FALSE))('one %s is refused', (_, make) => {
    fc.assert(
      fc.property(posted, ([, done]) => {
        expect(refusalOf(() => readPaymentNotification(CLIENTS, make(done)))).toBeDefined();
      }),
    );
  });

  test.each(Object.entries(DOUBTFUL))('one %s is refused, or is what WeChat Pay has said', (_, make) => {
    fc.assert(
      fc.property(posted, ([said, done]) => {
        let notification: PaymentNotification | undefined;
        const refusal = refusalOf(() => (notification = readPaymentNotification(CLIENTS, make(done))));
        if (notification === undefined) expect(refusal).toBeDefined();
        else expect(said.map(({ owner, fields }) => factOf(owner.client, fields))).toContain(readFact(notification));
      }),
    );
  });

  it('a shop that books by id books each payment once, in whatever order and however often it is told', () => {
    const all = Object.values({ ...GENUINE, ...FALSE, ...DOUBTFUL });
    const stream = words.chain((said) =>
      fc.tuple(
        fc.constant(said),
        fc.array(fc.tuple(fc.constantFrom(...all), deed(said)), { maxLength: 20 }),
        fc.shuffledSubarray([...said], { minLength: said.length }),
      ),
    );
    fc.assert(
      fc.property(stream, ([said, deeds, last]) => {
        const booked = new Map<string, string>();
        const post = (body: string | Uint8Array): void => {
          refusalOf(() => {
            const notification = readPaymentNotification(CLIENTS, body);
            const fact = readFact(notification);
            expect(booked.get(notification.id) ?? fact).toBe(fact); // one id is one fact
            booked.set(notification.id, fact);
          });
        };
        for (const [make, done] of deeds) post(make(done));
        // WeChat Pay repeats each until it is acknowledged.
        for (const { fields } of [...last, ...last]) post(encodeXml(fields));
        expect([...booked.values()].sort()).toEqual(
          [...new Set(said.map(({ owner, fields }) => factOf(owner.client, fields)))].sort(),
        );
      }),
    );
  });
});

describe('whatever is posted about refunds', () => {
  const whole = Buffer.from(made.reqInfo, 'base64');
  const blocks = Array.from({ length: whole.length / 16 }, (_, index) => whole.subarray(index * 16, index * 16 + 16));

  // ECB without a MAC: what anybody can put together from old ones may decrypt, and be a refund that never was.
  it('it is refused, or a hint that says it is not verified', () => {
    const pasted = fc.array(fc.constantFrom(...blocks), { minLength: 1, maxLength: blocks.length + 4 });
    const info = fc.oneof(
      pasted.map((parts) => Buffer.concat(parts).toString('base64')),
      fc.nat(blocks.length - 2).map((index) => Buffer.concat(blocks.toSpliced(index, 1)).toString('base64')),
      fc.string({ maxLength: 200 }).map((text) => encryptRefundInfo(text)),
      fc.base64String({ maxLength: 400 }),
    );
    fc.assert(
      fc.property(info, (reqInfo) => {
        const body = refundDocument({ req_info: reqInfo });
        let isVerified: boolean | undefined;
        const refusal = refusalOf(() => ({ isVerified } = readRefundNotification(notifiedClient(), body)));
        expect(refusal === undefined ? isVerified : 'refused').toBe(refusal === undefined ? false : 'refused');
      }),
    );
  });

  it('and no notification of a refund is one of a payment, or the other way round', () => {
    const merchant = notifiedClient();
    expect(refusalOf(() => readPaymentNotification(merchant, refundDocument()))?.problem).toBe('wrong-signature');
    expect(refusalOf(() => readRefundNotification(merchant, paymentDocument()))?.problem).toBe('undecipherable');
  });
});
