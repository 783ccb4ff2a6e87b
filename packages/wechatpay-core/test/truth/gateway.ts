// Over 250 lines, as one idea: all that a gateway, or somebody on the way, may answer.
import {
  WechatPayTransportError,
  type Transport,
  type TransportRequest,
  type TransportResponse,
} from '../../src/index.js';
import { carryOut, payment, type Reply, type Scene } from './deeds.js';
import { recut, toBytes, withOddity, type Asked, type Dressed } from './dress.js';
import type { Turn } from './grammar.js';
import { befall } from './jumps.js';
import { Order, type Keeper, type Sent, type Word } from './keeper.js';
import { isNameless, meaningOf, PAGES, QUERY_ORDER_PAGE, QUICK_PAY_PAGE, REVERSE_PAGE, type Page } from './pages.js';
import type { World } from './time.js';
import { read, signed, type Wire } from './wire.js';

/** An order as the story has it: its scene, what the client expects it to cost, and what befalls its calls, one by one. */
interface Role {
  readonly scene: Scene;
  readonly totalFee: number | undefined;
  readonly currency: string | undefined;
  readonly nextTurn: () => Turn;
}

export interface Stage {
  readonly world: World;
  readonly keeper: Keeper;
  readonly apiKey: string;
  readonly roleOf: (outTradeNo: string) => Role;
  /** The clock of the client that sends. */
  readonly clock: () => number;
}

/** What is answered, and how the story tells it. */
type Response = ReturnType<typeof toBytes> & { readonly text: () => string };

/** Right after it was charged, an order may not be found yet. */
const NOT_FOUND_MS = 30_000;
/** What comes later than this after it was sent is late: the order has gone on without it. */
const LATE_MS = 15_000;

/** For so long at most it takes until it is certain that nothing can be sent. */
const CONNECTING_MS = 5_000;

/** A gateway in this process: what it does goes through the keeper, what it says is drawn from the grammar. */
export function createGateway(stage: Stage): Transport {
  const { world, keeper } = stage;
  const earlier = new Map<string, Response & { outTradeNo: string }>();
  const firstSent = new Map<string, number>();
  const wasMistaken = new Set<string>();
  return send;

  function send({ path, body, signal }: TransportRequest): Promise<TransportResponse> {
    const page = PAGES.find((candidate) => candidate.path === path);
    const request = read(body);
    const { sign, ...unsigned } = request;
    if (!page || signed(unsigned, stage.apiKey).sign !== sign)
      throw new Error(`The library sent a wrong request: ${body}`);
    const outTradeNo = request.out_trade_no ?? '';
    const order = keeper.order(outTradeNo);
    const role = stage.roleOf(outTradeNo);
    const turn = role.nextTurn();
    const hear = (word: Word, isPlain = false): void => {
      const isOdd = turn.oddities.length + turn.extra.length > 0;
      keeper.heard.push({ path, outTradeNo, at: stage.clock(), word, isPlain, isOdd });
    };
    const tell = (what: () => string): void => {
      const { now } = world;
      keeper.transcript.push(() => `${clockTime(now)} ${page.name} of ${outTradeNo}: ${what()}`);
    };

    if (!turn.isSent) {
      return new Promise((_, reject) => {
        const fail = (): void => {
          world.cancel(event);
          tell(() => 'not sent');
          hear({ kind: 'not-asked' });
          reject(new WechatPayTransportError('WECHATPAY_CONNECTION', 'refused.', 'not-sent'));
        };
        const event = world.in(Math.min(turn.backMs, CONNECTING_MS), fail);
        signal.addEventListener('abort', fail);
      });
    }
    const sent: Sent = {
      path,
      outTradeNo,
      at: stage.clock(),
      fields: request,
      heardBefore: keeper.heard.length,
      isUnderWay: true,
      hadEffect: false,
      wasRefused: false,
      isMistaken: false,
    };
    keeper.sent.push(sent);
    if (page === QUICK_PAY_PAGE && !firstSent.has(outTradeNo)) firstSent.set(outTradeNo, world.now);
    const mistaken = turn.answer.says === 'an earlier reply' ? takeEarlier(page, outTradeNo) : undefined;
    return new Promise((resolve, reject) => {
      let isOver = false;
      const deliver = (response: Response, isMistaken: boolean): void => {
        if (isOver) return;
        isOver = true;
        const { word, status, body } = response;
        hear(word, response.isPlain);
        sent.isMistaken = isMistaken;
        sent.wasRefused = !isMistaken && word.kind === 'code' && meaningOf(page, word.code) === 'nothing-done';
        if (!isMistaken && word.kind !== 'nothing') earlier.set(path, { ...response, outTradeNo });
        resolve({ status, body });
      };
      if (mistaken) {
        world.in(turn.backMs, () => {
          tell(() => `a late reply of an earlier call (${mistaken.outTradeNo}): ${mistaken.text()}`);
          deliver(mistaken, true);
        });
      }
      signal.addEventListener('abort', () => {
        if (isOver) return;
        isOver = true;
        tell(() => 'the client waits no longer');
        hear({ kind: 'nothing' });
        reject(new Error('aborted'));
      });
      world.in(turn.thereMs, () => {
        sent.isUnderWay = false;
        if (turn.jump && turn.thereMs < LATE_MS) {
          const jump = befall(order, turn.jump, role.scene, world);
          tell(() => `before: ${jump}`);
        }
        const before = String(order);
        const { here, standing } = order;
        if (mistaken && turn.isDone) carryOut(page, { request, order, scene: role.scene, world, variant: 0 });
        // Its answer would come to nobody: another was taken for it.
        const response = mistaken ? undefined : answer(page, request, order, role, turn);
        sent.hadEffect = order.here !== here || (order.standing !== standing && order.standing !== 'failed');
        const effect = String(order) === before ? before : `${before} -> ${String(order)}`;
        tell(() => `${turn.thereMs > LATE_MS ? 'arrives late; ' : ''}${response?.text() ?? 'no answer'} (${effect})`);
        if (!response) return;
        world.in(turn.backMs, () => {
          deliver(response, false);
        });
      });
    });
  }

  /** The last reply on this page's path, which comes once more and is taken for the answer of another call. */
  function takeEarlier(page: Page, outTradeNo: string): (Response & { outTradeNo: string }) | undefined {
    const reply = earlier.get(page.path);
    if (!reply) return undefined;
    if (isNameless(page)) return { ...reply, isPlain: false };
    // What was signed of the same order is true of it. A refusal names no order: that two of them come late is left out.
    if (reply.outTradeNo === outTradeNo || (reply.word.kind === 'code' && wasMistaken.has(outTradeNo)))
      return undefined;
    if (reply.word.kind === 'code') wasMistaken.add(outTradeNo);
    return { ...reply, word: { kind: 'nothing' }, isPlain: false };
  }

  function answer(
    page: Page,
    request: Wire,
    order: Order,
    { scene, totalFee, currency }: Role,
    turn: Turn,
  ): Response | undefined {
    const { answer: given, isDone } = turn;
    const asked: Asked = { request, totalFee, knowsCurrency: currency !== undefined };
    const act = (variant = 0): Reply => carryOut(page, { request, order, scene, world, variant });
    const dressedAs = (fields: Wire, word: Word): Response | undefined => {
      let dressed: Dressed = { fields: { ...common(request), ...fields }, word, isPlain: true };
      for (const oddity of turn.oddities) dressed = withOddity(page, dressed, asked, oddity);
      for (const [name, value] of turn.extra) dressed = { ...dressed, fields: { ...dressed.fields, [name]: value } };
      const bytes = toBytes(dressed, stage.apiKey, page, turn.spoiling);
      return { ...bytes, text: () => textOf(dressed.fields, fields, turn) };
    };
    const said = (reply: Reply): Response | undefined => {
      if ('code' in reply) {
        const { code, recall } = reply;
        const word: Word =
          code === 'FREQUENCY_LIMITED'
            ? { kind: 'not-asked' }
            : { kind: 'code', code, recall: recall === undefined ? undefined : recall === 'Y' };
        return dressedAs({ result_code: 'FAIL', err_code: code, ...(recall && { recall }) }, word);
      }
      return dressedAs({ result_code: 'SUCCESS', ...reply.fields }, wordOf(page, reply.fields));
    };
    const wordOf = (about: Page, fields: Wire): Word => {
      if (about === QUERY_ORDER_PAGE || about === QUICK_PAY_PAGE) {
        const isAsAsked =
          (totalFee === undefined || fields.total_fee === String(totalFee)) &&
          (currency === undefined || fields.fee_type === currency);
        return { kind: 'state', state: fields.trade_state ?? 'SUCCESS', amount: isAsAsked ? 'as-asked' : 'another' };
      }
      return isNameless(about) ? { kind: 'done', recall: fields.recall === 'Y' } : { kind: 'refunds' };
    };

    switch (given.says) {
      case 'truth':
        return said(act(given.variant));
      case 'recall': {
        if (page !== REVERSE_PAGE) return said(act());
        if (isDone) act();
        return said({ fields: { recall: 'Y' } });
      }
      case 'code': {
        const code = truthful(given.code, page, order);
        if (meaning(page, code) === 'unclear' && isDone) act();
        return said({ code, ...(given.recall && page === REVERSE_PAGE && { recall: given.recall }) });
      }
      case 'return_code FAIL': {
        const isThrottled = given.message === '频率限制';
        if (isDone && !isThrottled) act();
        const fields: Wire = { return_code: 'FAIL', return_msg: given.message };
        const bytes = toBytes({ fields, word: { kind: 'nothing' }, isPlain: false }, stage.apiKey, page, {
          how: 'unsigned',
        });
        return {
          ...bytes,
          ...(isThrottled && { word: { kind: 'not-asked' } }),
          text: () => `return_code FAIL ${given.message}`,
        };
      }
      case "another order's":
        return anothers(page, request, order, given.isRecut);
      case 'an earlier reply': // where there is none
        return said(act());
      case 'nothing':
        if (isDone) act();
        return undefined;
    }
  }

  function anothers(page: Page, request: Wire, order: Order, isRecut: boolean): Response | undefined {
    const theirs = new Order('B9', '42000B9');
    theirs.amount = stage.roleOf(order.outTradeNo).totalFee ?? 888;
    theirs.currency = stage.roleOf(order.outTradeNo).currency ?? 'HKD';
    const about: Wire = isNameless(page)
      ? page === REVERSE_PAGE
        ? { recall: 'N' }
        : {}
      : { ...payment(theirs), ...(page === QUERY_ORDER_PAGE && { trade_state: 'SUCCESS' }) };
    const fields = { ...common(request), result_code: 'SUCCESS', ...about };
    const word: Word = isNameless(page) ? { kind: 'done', recall: false } : { kind: 'nothing' };
    const isCut =
      isRecut && request.out_trade_no !== undefined && (page === QUERY_ORDER_PAGE || page === QUICK_PAY_PAGE);
    if (!isCut) {
      const bytes = toBytes({ fields, word, isPlain: false }, stage.apiKey, page, null);
      return { ...bytes, text: () => "another order's reply" };
    }
    const cut = recut(fields, request);
    const { sign } = signed(cut.genuine, stage.apiKey);
    const again = signed(cut.recut, stage.apiKey);
    if (sign !== again.sign) throw new Error('The reply is not cut as it should be.');
    const bytes = toBytes({ fields: cut.recut, word, isPlain: false }, stage.apiKey, page, null);
    return { ...bytes, text: () => "another order's reply, cut anew" };
  }

  /** That an order or a refund does not exist is a word about its state: it is said only where it is so, or right at first. */
  function truthful(code: string, page: Page, order: Order): string {
    const isFresh = world.now < (firstSent.get(order.outTradeNo) ?? 0) + NOT_FOUND_MS;
    if (code === 'ORDERNOTEXIST' && page === QUERY_ORDER_PAGE && order.standing !== 'absent' && !isFresh)
      return 'SYSTEMERROR';
    if (code === 'REFUNDNOTEXIST' && order.refunds.length > 0) return 'SYSTEMERROR';
    return code;
  }
}

function meaning(page: Page, code: string): 'nothing-done' | 'unclear' {
  return code === 'FREQUENCY_LIMITED' ? 'nothing-done' : meaningOf(page, code);
}

let replies = 0;

function common(request: Wire): Wire {
  const { appid = '', mch_id = '', sub_appid, sub_mch_id } = request;
  return {
    return_code: 'SUCCESS',
    return_msg: 'OK',
    appid,
    mch_id,
    ...(sub_appid !== undefined && { sub_appid }),
    ...(sub_mch_id !== undefined && { sub_mch_id }),
    nonce_str: `o5bAKF3o2ypC${(replies += 1)}`,
  };
}

function textOf(fields: Wire, plain: Wire, { oddities, spoiling }: Turn): string {
  const said = ['result_code', 'err_code', 'recall', 'trade_state', 'total_fee', 'fee_type', 'out_trade_no']
    .filter((name) => fields[name] !== undefined)
    .map((name) => `${name}=${fields[name]}`);
  const odd = oddities.length > 0 ? `; odd: ${difference(fields, plain)}` : '';
  return `${said.join(' ')}${odd}${spoiling ? `; bytes: ${spoiling.how}` : ''}`;
}

function difference(fields: Wire, plain: Wire): string {
  const names = new Set([...Object.keys(fields), ...Object.keys(plain)]);
  return [...names]
    .filter((name) => fields[name] !== plain[name] && !(name in COMMON_NAMES && plain[name] === undefined))
    .map((name) => `${name}=${JSON.stringify(fields[name]?.slice(0, 40))}`)
    .join(', ');
}

const COMMON_NAMES = { return_code: 1, return_msg: 1, nonce_str: 1 };

/** Seconds since the story began would need its beginning: a time of day does as well. */
export function clockTime(at: number): string {
  return new Date(at).toISOString().slice(11, 23);
}
