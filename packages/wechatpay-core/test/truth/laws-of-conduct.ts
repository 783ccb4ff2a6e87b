import { inspect } from 'node:util';
import { WechatPayError, WechatPayRequestError, type ResolutionState } from '../../src/index.js';
import type { Deed } from './caller.js';
import { isResolving, outcomeOf, RESOLVING, usualDeadline } from './evidence.js';
import type { Heard } from './keeper.js';
import { hasJumped, type Law } from './law.js';
import { CLOSE_PAGE, QUERY_ORDER_PAGE, QUICK_PAY_PAGE, REVERSE_PAGE } from './pages.js';
import { DAY } from './story.js';

/** How the functions behave: no order is left alone, nothing takes for ever, what can be read is read, and nothing else is. */
export const LAWS_OF_CONDUCT: Readonly<Record<string, Law>> = {
  'only a WechatPayError leaves the functions'({ deed: { ended } }, broken) {
    if (ended.how === 'error' && !(ended.error instanceof WechatPayError)) broken(`this left: ${String(ended.error)}`);
  },

  'a wrong argument is refused, and nothing is sent'({ deed, sent, heard }, broken) {
    const { act, ended } = deed;
    if (!act.wrong || !isTaken(deed) || ended.how === 'died') return;
    if (sent.length > 0 || heard.length > 0) broken(`${sent.length} requests were sent`);
    if (!(ended.how === 'error' && ended.error instanceof WechatPayRequestError)) broken('it is not refused');
  },

  'it ends'({ deed: { ended } }, broken) {
    if (ended.how === 'stuck') broken('it waits for ever');
  },

  'no order that may have been charged is abandoned'({ deed: { ended }, deed, sent }, broken) {
    if (!isResolving(deed) || ended.how !== 'error') return;
    const { error } = ended;
    if (!(error instanceof WechatPayRequestError)) {
      broken(`it throws ${String(error)}`);
      return;
    }
    if (sent.length > 0) broken(`after ${sent.length} requests it throws ${error.message}`);
    if (
      deed.from &&
      deed.from.kind !== 'ended' &&
      !deed.act.wrong &&
      deed.thrown === undefined &&
      deed.act.trouble?.trouble !== 'NaN'
    )
      broken(`the state cannot be gone on from: ${error.message}`);
  },

  'a result says how it ended, and the state to resume from'({ deed: { ended }, deed }, broken) {
    const outcome = outcomeOf(deed);
    if (!isResolving(deed) || ended.how !== 'result') return;
    if (!outcome) {
      broken('there is no outcome');
      return;
    }
    const { state, result } = ended.result as { state?: ResolutionState; result?: unknown };
    if (outcome.kind === 'declined' || (outcome.kind === 'paid' && result !== undefined)) return;
    if (!state) broken('there is no state');
    if (JSON.stringify(JSON.parse(JSON.stringify(state))) !== JSON.stringify(state))
      broken('the state is not plain JSON');
  },

  'what a callback threw reaches the caller'({ deed: { ended, thrown }, deed, sent }, broken) {
    if (!isResolving(deed) || ended.how !== 'result' || thrown === undefined || sent.length === 0) return;
    const { callbackErrors = [] } = ended.result as { callbackErrors?: readonly { error: unknown }[] };
    if (!callbackErrors.some(({ error }) => error === thrown)) broken(`${inspect(thrown)} is lost`);
  },

  'no reversal before 15 s'({ deed, sent, earlier, life }, broken) {
    if (!isResolving(deed)) return;
    // One that was sent in time proves the age of the order, whatever the clock says later.
    const first = [...earlier.sent, ...sent].find(({ path }) => path === REVERSE_PAGE.path);
    // A clock that was set says another time than has passed.
    if (hasJumped(life)) return;
    if (first && sent.includes(first) && first.at < life.createdAt + 15_000)
      broken(`at ${first.at - life.createdAt} ms`);
  },

  'no close before 5 min, and none of Quick Pay'({ deed, sent, life }, broken) {
    if (!isResolving(deed)) return;
    const close = sent.find(({ path }) => path === CLOSE_PAGE.path);
    if (close && life.story.product === undefined) broken('Quick Pay is reversed');
    if (close && close.at < life.createdAt + 300_000 && !hasJumped(life)) broken(`at ${close.at - life.createdAt} ms`);
  },

  'no reversal of Unified Order'({ deed, sent, life }, broken) {
    if (!isResolving(deed) || life.story.product === undefined) return;
    if (sent.some(({ path }) => path === REVERSE_PAGE.path)) broken('it was sent');
  },

  'hints do not multiply queries'({ deed, sent, life }, broken) {
    if (!deed.act.hints || !isResolving(deed) || hasJumped(life) || deed.act.policy.queryEveryMs !== undefined) return;
    // Few are due by their time, or follow a close, and one may be hinted, in 5 s.
    const queries = sent.filter(({ path }) => path === QUERY_ORDER_PAGE.path).map(({ at }) => at);
    const dense = queries.find((at, index) => (queries[index + 8] ?? Infinity) < at + 5_000);
    if (dense !== undefined) broken(`9 queries in 5 s, ${dense - life.createdAt} ms after it was made`);
  },

  'it ends by its deadline'({ deed, sent, timeoutMs, life }, broken) {
    if (!isResolving(deed) || deed.ended.how === 'died') return;
    const { startedAt, endedAt, act, hungMs, jumpedMs } = deed;
    const begun = startedAt + (act.does === 'pay' ? timeoutMs : 0);
    const deadline = Math.max(deed.deadline ?? usualDeadline(life, deed, begun) + hungMs, begun);
    if (endedAt > deadline + timeoutMs + hungMs + Math.max(0, jumpedMs)) broken(`${endedAt - deadline} ms late`);
    const late = sent.find(({ path, at }) => path !== QUICK_PAY_PAGE.path && at >= deadline + Math.max(0, jumpedMs));
    if (late && jumpedMs === 0) broken(`${late.path} was sent ${late.at - deadline} ms after it`);
  },

  'it resumes from where it stopped'({ deed, sent, heard, life }, broken) {
    const outcome = outcomeOf(deed);
    const { from, act, isAborted } = deed;
    if (!from || !['go on', 'return'].includes(act.does) || !outcome || isAborted || hasJumped(life)) return;
    if (outcome.kind === 'unresolved' && sent.length === 0 && heard.length === 0) broken('it asks nobody');
  },

  'what passes is no end'({ deed, heard }, broken) {
    const outcome = outcomeOf(deed);
    if (outcome?.kind !== 'needs-attention' || heard.length === 0) return;
    const { error } = outcome as { error?: { errorCode?: string; outcome?: string; code?: string } };
    const passes = ['NOTENOUGH', 'FREQUENCY_LIMITED', 'SYSTEMERROR', 'BIZERR_NEED_RETRY', 'BANKERROR'];
    if (error?.errorCode !== undefined && passes.includes(error.errorCode)) broken(`it gives up at ${error.errorCode}`);
    if (error?.code && ['WECHATPAY_TIMEOUT', 'WECHATPAY_CONNECTION', 'WECHATPAY_GATEWAY_FAIL'].includes(error.code))
      broken(`it gives up at ${error.code}`);
  },

  'with time enough and a gateway that does as documented, it ends'({ deed, quietSince, life, keeper }, broken) {
    const outcome = outcomeOf(deed);
    if (!isResolving(deed) || !outcome || deed.isAborted || hasJumped(life) || deed.hungMs > 0) return;
    if (deed.deadline === undefined || deed.deadline - Math.max(quietSince, deed.startedAt) < DAY / 2) return;
    const order = keeper.order(life.outTradeNo);
    // What can no longer be reversed, and was not paid, is WeChat Pay's to close.
    if (life.story.product === undefined && life.story.ageMs > 7 * DAY && order.here === 0) return;
    if (outcome.kind === 'unresolved') broken(`it is unresolved, and ${String(order)}`);
  },

  'an answer that is only odd in what informs is read'({ deed, heard }, broken) {
    for (const { event, word } of readings(deed, heard)) {
      if (!word?.isPlain || event.kind === 'read' || event.isUnsent) continue;
      const { word: said } = word;
      if (said.kind === 'code' ? event.errorCode !== said.code : said.kind !== 'nothing' && said.kind !== 'not-asked') {
        const isClear = word.path !== QUICK_PAY_PAGE.path || said.kind !== 'state' || said.amount === 'as-asked';
        if (isClear) broken(`it was ${JSON.stringify(said)}, and this came of it: ${event.message}`);
      }
    }
  },

  'nothing is believed that is not signed, or is about another'({ deed, heard }, broken) {
    for (const { event, word } of readings(deed, heard)) {
      if (event.kind === 'read' && (word?.word.kind === 'nothing' || word?.word.kind === 'not-asked')) {
        broken(`it was, as ${event.message}`);
      }
    }
  },

  'what an operator has decided is done'({ deed, heard }, broken) {
    const outcome = outcomeOf(deed);
    const accepts = (deed.act.policy.ifAmountDiffers ?? deed.from?.policy.ifAmountDiffers) === 'accept';
    if (deed.act.does === 'pay' || !accepts || outcome?.kind !== 'needs-attention' || heard.length === 0) return;
    if (outcome.error.message.startsWith('totalFee')) broken(outcome.error.message);
  },
};

/** Whether the act takes the argument that is wrong in it. */
function isTaken({ act: { does, wrong }, from }: Deed): boolean {
  const goesOn = from !== undefined && (does === 'go on' || does === 'return');
  if (wrong?.of === 'options') return RESOLVING.includes(does) || wrong.property === 'signal';
  return (
    does === 'pay' ||
    does === 'resolve' ||
    (!goesOn && RESOLVING.includes(does)) ||
    (does === 'quick pay' && wrong?.property !== 'currency')
  );
}

interface Reading {
  readonly kind: 'read' | 'failed';
  readonly errorCode: string | undefined;
  readonly message: string;
  readonly isUnsent: boolean;
}

/** Each call of an act, as the library took its answer; beside what had been said. */
function readings(
  { act, ended, steps }: Deed,
  heard: readonly Heard[],
): readonly { readonly event: Reading; readonly word: Heard | undefined }[] {
  const failed = (error: { errorCode?: string; message: string; code?: string }): Reading => ({
    kind: 'failed',
    errorCode: error.errorCode,
    message: error.message,
    // The client's queue kept it back: the last word that was heard is another call's.
    isUnsent: error.code === 'WECHATPAY_OVERLOADED',
  });
  const read = (message: string): Reading => ({ kind: 'read', errorCode: undefined, message, isUnsent: false });
  if (RESOLVING.includes(act.does)) {
    return steps
      .filter(({ event }) => event.kind !== 'refunds-queried') // several pages
      .map(({ event, word }) => ({ word, event: 'error' in event ? failed(event.error) : read(event.kind) }));
  }
  const word = heard.at(-1);
  if (ended.how === 'result') return [{ word, event: read('a result') }];
  return ended.how === 'error' && word ? [{ word, event: failed(ended.error as Error) }] : [];
}
