// The cashier's page: sends the form, and shows what the server says of each order; above all, of the one that was charged last.
import { call, newNumber, NoAnswer, post, readSale, saying } from './calls.js';
import { countDown } from './clock.js';
import { isConfirmed } from './confirm.js';
import { kept } from './kept.js';
import { follow, fragment, isOffline } from './live.js';
import { refundOrder } from './refund.js';
import { say } from './words.js';

const { lang } = document.body.dataset;
const form = document.querySelector('#pay');
const find = document.querySelector('#find');
const stage = document.querySelector('#stage');
const orders = document.querySelector('#orders');
const dialog = document.querySelector('#confirm');
const message = document.querySelector('#message');
const { amount, currency, authCode, customer, loseAnswer } = form.elements;

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

/** The orders of a number, as the server knows them now. */
async function findOrders(number) {
  const found = await call(`/till/find?number=${encodeURIComponent(number)}&lang=${lang}`);
  for (const order of found) show(order);
  return found;
}

// What the page came with may say less than what is kept here: the order on the stage, and a sale that got no answer.
const unanswered = kept.get('sale');
if (unanswered !== undefined) presentTemplate('lost', unanswered.money);
else focusOn(kept.get('current'));
if (unanswered !== undefined && rowOf(unanswered.number)) arrived(unanswered.number);
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
  // Kept until it is known what became of it: what may have been sent is not charged again under another number.
  const before = kept.get('sale');
  if (before !== undefined && !isInForm(before)) return findBefore(before);
  if (before === undefined && stage.dataset.answer === 'wait' && !(await isOtherConfirmed())) return;
  if (loseAnswer?.checked) await post('/demo/lose-answer');
  const money = `${currency.value} ${amount.value.trim()}`;
  const number = before?.number ?? newNumber('T');
  kept.set('sale', { number, money, totalFee: sale.totalFee, currency: sale.currency, code: endOf(authCode.value) });
  kept.set('current', undefined);
  presentTemplate('sending', money);
  try {
    await post(`/orders/${number}/pay`, JSON.stringify({ ...sale, authCode: authCode.value }));
  } catch (error) {
    if (rowOf(number) || error.advice === 'query-order') {
      arrived(number); // it arrived, this time or before
      return;
    }
    // A refusal tells of this call alone, and nothing of one before it.
    if (error instanceof NoAnswer || before !== undefined) {
      presentTemplate('lost', money);
      error.message += ` ${say('charge-again')}`;
    } else {
      kept.set('sale', undefined);
      present(document.querySelector('template#ready').content);
    }
    throw error;
  }
  arrived(number);
}

/** Enough to tell one customer's code from another's: the code itself is kept nowhere. */
function endOf(code) {
  return code.trim().slice(-6);
}

/** Whether the form still holds a sale, or nothing that could be charged. */
function isInForm({ totalFee, currency: paidIn, code }) {
  try {
    const sale = readSale(form.elements);
    if (authCode.value.trim() === '') return true;
    return sale.totalFee === totalFee && sale.currency === paidIn && endOf(authCode.value) === code;
  } catch {
    return true;
  }
}

/** Another sale than the one that got no answer: nothing is charged before it is known what became of that. */
async function findBefore({ number, money }) {
  try {
    await findOrders(number);
  } catch (error) {
    error.message += ` ${say('sale-before-unknown', money)}`;
    throw error;
  }
  if (kept.get('sale')?.number !== number) return; // it is there, and on the stage
  kept.set('sale', undefined);
  present(document.querySelector('template#ready').content);
  throw new Error(say('sale-before-absent', money));
}

/** The server has this order: it is charged once, and the next one has a number of its own. */
function arrived(number) {
  const sent = kept.get('sale');
  if (number !== sent?.number) return;
  kept.set('sale', undefined);
  focusOn(number);
  // What was typed for the next customer stays, and is not taken for this one.
  const isBefore = !isInForm(sent);
  message.textContent = isBefore ? say('sale-before-found', sent.money) : '';
  if (isBefore) return;
  if (loseAnswer) loseAnswer.checked = false;
  if (customer) customer.value = '';
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
    const found = await findOrders(number);
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
  if (get) void saying(target, () => call(get));
  if (refund) void saying(target, () => refundOrder(JSON.parse(refund), findOrders));
});
