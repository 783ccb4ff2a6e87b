// Returns money: asks how much, and sends it under a number that is kept until it is known what became of it.
import { formatMoney, newNumber, NoAnswer, post, toMinorUnit } from './calls.js';
import { change, isConfirmed } from './confirm.js';
import { kept } from './kept.js';
import { say } from './words.js';

const dialog = document.querySelector('#confirm');
const label = dialog.querySelector('#refund-fee');
const fee = dialog.querySelector('[name="refundFee"]');
const problem = dialog.querySelector('#refund-problem');
fee.addEventListener('keydown', ({ key }) => {
  if (key === 'Enter') dialog.querySelector('[data-answer="yes"]').focus(); // and does not press it
});

/**
 * Refunds a part of an order, or all of it.
 *
 * @param find shows what the server has under a number, and returns that.
 */
export async function refundOrder(order, find) {
  const { path, outTradeNo, subMerchantId, totalFee, currency } = order;
  const name = `refund ${outTradeNo}`;
  // Of one that got no answer: the next press may mean the same refund, or another one. So it is looked for first.
  const before = kept.get(name);
  if (before !== undefined && (await find(before)).length > 0) {
    kept.set(name, undefined);
    throw new Error(say('refund-before-found'));
  }
  const refundFee = await askAmount(order, before === undefined ? '' : say('refund-before-absent'));
  if (refundFee === undefined) return;
  // Where that one is still on its way, it has the same number: one of the two is refused then.
  const outRefundNo = before ?? newNumber('R');
  kept.set(name, outRefundNo);
  try {
    await post(path, JSON.stringify({ outRefundNo, totalFee, refundFee, currency, subMerchantId }));
    kept.set(name, undefined);
  } catch (error) {
    // A refusal tells of this call alone, and nothing of one before it.
    if (error instanceof NoAnswer || before !== undefined) error.message += ` ${say('refund-again')}`;
    else kept.set(name, undefined);
    throw error;
  }
}

/** Asks how much, and then once more, in words. @returns undefined where the answer is no. */
async function askAmount({ outTradeNo, what, totalFee, kept: left, currency, digits }, note) {
  const format = (value) => formatMoney(value, currency, digits);
  let refundFee = left;
  const words = () => ({
    question: `${note} ${say('refund-question', format(refundFee), format(totalFee), what, outTradeNo)}`.trim(),
    yes: say('refund-yes', format(refundFee)),
    isPossible: problem.textContent === '',
  });
  const read = () => {
    try {
      refundFee = toMinorUnit(fee.value.trim(), digits);
      problem.textContent = refundFee > left ? say('refund-too-much', format(left)) : '';
    } catch (error) {
      problem.textContent = error.message;
    }
    change(words());
  };
  fee.value = format(left).slice(currency.length + 1);
  problem.textContent = '';
  label.hidden = false;
  fee.addEventListener('input', read);
  const isYes = await isConfirmed(words());
  fee.removeEventListener('input', read);
  label.hidden = true;
  problem.textContent = '';
  return isYes ? refundFee : undefined;
}
