import { decodeXml, encodeXml, signFields, statementDay, WechatPayClient } from 'wechatpay-core';

// A gateway of a few orders of HKD 8.88 on one day, and of a statement that says what it likes of them.

const API_KEY = '192006250b4c09247ec02edce69f6a2d';
const MERCHANT = '10000100';

/** How an order stands, by its number, and what the statement says of it: a state, and the amount in the major unit. */
export type Standing = Readonly<
  Record<string, { readonly tradeState: string; readonly stated: readonly [state: string, amount: string] }>
>;

export interface GatewayOptions {
  /** The statement's day of Beijing. */
  readonly date: string;
  readonly standing: Standing;
  readonly now: () => number;
  readonly onCall?: ((path: string) => void) | undefined;
}

export function statementGateway({ date, standing, now, onCall }: GatewayOptions): WechatPayClient {
  return new WechatPayClient({
    appId: 'wx2421b1c4370ec43b',
    merchantId: MERCHANT,
    apiKey: API_KEY,
    now,
    transport: ({ path, body }) => {
      onCall?.(path);
      if (path === '/pay/downloadbill') return reply(statementOf(date, standing));
      const { appid = '', out_trade_no: outTradeNo = '' } = decodeXml(body);
      const { tradeState = 'SUCCESS' } = standing[outTradeNo] ?? {};
      const paid = { transaction_id: transactionOf(outTradeNo), total_fee: '888', fee_type: 'HKD', cash_fee: '888' };
      const fields = {
        ...{
          return_code: 'SUCCESS',
          result_code: 'SUCCESS',
          appid,
          mch_id: MERCHANT,
          out_trade_no: outTradeNo,
          openid: 'o1',
        },
        ...(path === '/pay/orderquery' && { trade_state: tradeState }),
        ...paid,
      };
      return reply(encodeXml({ ...fields, sign: signFields(fields, API_KEY, 'HMAC-SHA256') }));
    },
  });
}

function reply(text: string): Promise<{ status: number; body: Uint8Array }> {
  return Promise.resolve({ status: 200, body: Buffer.from(text) });
}

function transactionOf(outTradeNo: string): string {
  return `42000099992026${outTradeNo}`;
}

const HEADER = '交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注'; // prettier-ignore
const SUMMARY = '总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额';

function statementOf(date: string, standing: Standing): string {
  const { from } = statementDay(date);
  const noon = new Date(from.getTime() + 20 * 60 * 60_000).toISOString().slice(0, 10); // in Beijing
  const rows = Object.entries(standing).map(
    ([
      number,
      {
        stated: [state, amount],
      },
    ]) => {
      // Of an order that was reversed on its day, one row.
      const [paid, returned] = [amount, state === 'REVOKED' ? amount : '0.00'];
      const cells = [
        ...[`${noon} 12:00:00`, 'wx2421b1c4370ec43b', MERCHANT, '0', '', transactionOf(number), number, `o${number}`],
        ...['MICROPAY', state, 'OTHERS', 'HKD', paid, '0.00', '0', '0', returned, '0.00', '', '', 'Tea', '', '0.00000'],
        ...['0.60%', paid, returned, ''],
      ];
      return `\`${cells.join(',`')}`;
    },
  );
  const sum = (of: (state: string) => boolean): string =>
    Object.values(standing)
      .reduce((total, { stated: [state, amount] }) => (of(state) ? total + Math.round(Number(amount) * 100) : total), 0)
      .toString()
      .padStart(3, '0')
      .replace(/(?=..$)/, '.');
  const [paid, returned] = [sum(() => true), sum((state) => state === 'REVOKED')];
  const summary = [String(rows.length), paid, returned, '0.00', '0.00000', paid, returned];
  return [HEADER, ...rows, SUMMARY, `\`${summary.join(',`')}`, ''].join('\r\n');
}
