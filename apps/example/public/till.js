// The cashier's page: sends the form, and shows what the server says of each order; above all, of the one that was charged last.
import { call, formatMoney, newNumber, NoAnswer, post, readSale, saying, toMinorUnit } from './calls.js';
import { countDown } from './clock.js';
import { change, isConfirmed } from './confirm.js';
import { follow, fragment, isOffline } from './live.js';
import { say } from './words.js';

const { lang } = document.body.dataset;
const form = document.querySelector('#pay');
const find = document.querySelector('#find');
const stage = document.querySelector('#stage');
const orders = document.querySelector('#orders');
const dialog = document.querySelector('#confirm');
const { amount, currency, authCode, customer, loseAnswer } = form.elements;

/** What has to survive that this page is loaded anew: the order on the stage, and one whose charge got no answer. */
const kept = {
  get: (name) => sessionStorage.getItem(name) ?? undefined,
  set: (name, value) => (value === undefined ? sessionStorage.removeItem(name) : sessionStorage.setItem(name, value)),
};

// ---- What is shown

const rowOf = (number) => document.getElementById(`order-${number}`);

/** Puts an order, or a template, on the stage. */
function present(from, money) {
  const answer = from.querySelector('.answer').cloneNode(true);
  if (money !== undefined) answer.querySelector('.amount').textContent = money;
  // What is the same is not read out again.
  if (stage.firstElementChild?.outerHTML === answer.outerHTML) return;
  stage.dataset.answer = answer.dataset.answer;
  stage.replaceChildren(answer);
  countDown();
}

function presentTemplate(id, money) {
  present(document.querySelector(`template#${id}`).content, money);
}

/** Puts an order on the stage, now and whenever it changes. */
function focusOn(number) {
  kept.set('current', number);
  const row = rowOf(number);
  if (row) present(row);
}

function show({ id, html }) {
  const fresh = fragment(html).firstElementChild;
  const shown = document.getElementById(id);
  if (shown) replace(shown, fresh);
  else orders.prepend(fresh);
  const { order } = fresh.dataset;
  if (order !== undefined) arrived(order);
  if (order !== undefined && order === kept.get('current')) present(fresh);
}

/** What was unfolded stays so, and what had the focus has it. */
function replace(shown, fresh) {
  const had = shown.contains(document.activeElement) ? document.activeElement : undefined;
  const nth = had && [...shown.querySelectorAll('summary, a, button')].indexOf(had);
  if (shown.querySelector('details')?.open) fresh.querySelector('details').open = true;
  shown.replaceWith(fresh);
  if (had) [...fresh.querySelectorAll('summary, a, button')][nth]?.focus();
}

// What the page came with may say less than what is kept here.
const pending = kept.get('pending');
if (pending !== undefined) presentTemplate('lost', kept.get('pending-money'));
else focusOn(kept.get('current'));
if (pending !== undefined && rowOf(pending)) arrived(pending);
follow(`/events?lang=${lang}`, show);

// ---- Charging

form.addEventListener('submit', (event) => {
  event.preventDefault();
  void saying(form.querySelector('button'), charge);
});

customer?.addEventListener('change', () => {
  authCode.value = customer.value;
});

async function charge() {
  const sale = readSale(form.elements);
  if (isOffline()) throw new Error(say('offline-charge'));
  // Kept until the server has answered: what may have been sent is not charged again under another number.
  let number = kept.get('pending');
  if (number === undefined) {
    if (stage.dataset.answer === 'wait' && !(await isOtherConfirmed())) return;
    number = newNumber('T');
  }
  if (loseAnswer?.checked) await post('/demo/lose-answer');
  const money = `${currency.value} ${amount.value.trim()}`;
  kept.set('pending', number);
  kept.set('pending-money', money);
  kept.set('current', undefined);
  presentTemplate('sending', money);
  try {
    await post(`/orders/${number}/pay`, JSON.stringify({ ...sale, authCode: authCode.value }));
  } catch (error) {
    if (rowOf(number) || error.advice === 'query-order') {
      arrived(number); // it arrived, this time or before
      return;
    }
    if (error instanceof NoAnswer) {
      presentTemplate('lost', money);
      error.message += ` ${say('charge-again')}`;
    } else {
      kept.set('pending', undefined);
      present(document.querySelector('template#ready').content);
    }
    throw error;
  }
  arrived(number);
}

/** The server has this order: it is charged once, and the next one has a number of its own. */
function arrived(number) {
  if (number !== kept.get('pending')) return;
  kept.set('pending', undefined);
  focusOn(number);
  if (loseAnswer) loseAnswer.checked = false;
  if (customer) customer.value = '';
  document.querySelector('#message').textContent = '';
  // What is scanned twice is not charged twice: it has no amount.
  amount.value = '';
  authCode.value = '';
  amount.focus();
}

function isOtherConfirmed() {
  const money = stage.querySelector('.amount')?.textContent ?? '';
  return isConfirmed({ question: say('still-waiting', money), yes: say('charge-other') });
}

// ---- A scanner types 18 digits as fast as it can, and Enter, wherever the focus is

const SCANNED = /^(.*?)(1[0-5]\d{16})$/s;

document.addEventListener('keydown', ({ target, key, ctrlKey, altKey, metaKey }) => {
  if (dialog.open || ctrlKey || altKey || metaKey || !/^\d$/.test(key)) return;
  if (!target.matches('input, select, textarea')) authCode.focus();
});

form.addEventListener('keydown', ({ target, key }) => {
  if (key !== 'Enter' || target === authCode || authCode.value !== '') return;
  const [, before, code] = SCANNED.exec(target.value ?? '') ?? [];
  if (code === undefined) return;
  target.value = before;
  authCode.value = code;
});

// ---- The orders

find.addEventListener('submit', (event) => {
  event.preventDefault();
  const nothing = document.querySelector('#not-found');
  nothing.textContent = '';
  void saying(find.querySelector('button'), async () => {
    const number = find.elements.number.value.trim();
    const found = await call(`/till/find?number=${encodeURIComponent(number)}&lang=${lang}`, {});
    for (const order of found) show(order);
    const [first] = found.map(({ id }) => document.getElementById(id));
    if (!first) {
      nothing.textContent = say('not-found');
      return;
    }
    first.querySelector('details').open = true;
    first.querySelector('summary').focus();
    first.scrollIntoView({ block: 'nearest' });
    find.reset();
  });
});

orders.addEventListener('click', ({ target }) => {
  const { get, refund } = target.dataset;
  if (get) void saying(target, () => call(get, {}));
  if (refund) void saying(target, () => refundOrder(JSON.parse(refund)));
});

const feeLabel = dialog.querySelector('#refund-fee');
const fee = dialog.querySelector('[name="refundFee"]');
const problem = dialog.querySelector('#refund-problem');
fee.addEventListener('keydown', ({ key }) => {
  if (key === 'Enter') dialog.querySelector('[data-answer="yes"]').focus(); // and does not press it
});

/** Asks how much, and then once more, in words. */
async function refundOrder({ path, outTradeNo, subMerchantId, what, totalFee, kept: left, ...money }) {
  const { currency, digits } = money;
  const format = (value) => formatMoney(value, currency, digits);
  let refundFee = left;
  const words = () => ({
    question: say('refund-question', format(refundFee), format(totalFee), what, outTradeNo),
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
  feeLabel.hidden = false;
  fee.addEventListener('input', read);
  const isYes = await isConfirmed(words());
  fee.removeEventListener('input', read);
  feeLabel.hidden = true;
  problem.textContent = '';
  if (!isYes) return;
  // Kept until the server has answered: pressed again, it is the same refund.
  const name = `refund ${outTradeNo} ${refundFee}`;
  const outRefundNo = kept.get(name) ?? newNumber('R');
  kept.set(name, outRefundNo);
  try {
    await post(path, JSON.stringify({ outRefundNo, totalFee, refundFee, currency, subMerchantId }));
    kept.set(name, undefined);
  } catch (error) {
    if (!(error instanceof NoAnswer)) kept.set(name, undefined);
    throw error;
  }
}
