// The cashier's page: sends the form, and shows what the server says of each order.
import { call, newNumber, NoAnswer, post, readSale, saying } from './calls.js';
import { follow, fragment } from './live.js';

const form = document.querySelector('#pay');
const orders = document.querySelector('#orders');
const dialog = document.querySelector('#confirm');

follow('/events', show);

function show({ id, html }) {
  const shown = document.getElementById(id);
  if (shown) shown.replaceWith(fragment(html));
  else orders.prepend(fragment(html));
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  void saying(form.querySelector('button'), charge);
});

form.elements.customer?.addEventListener('change', ({ target }) => {
  form.elements.authCode.value = target.value;
});

orders.addEventListener('click', ({ target }) => {
  const { post: path, get, body, confirm: question, yes } = target.dataset;
  if (get) void saying(target, () => call(get, {}));
  if (path) {
    void saying(target, async () => {
      if (question === undefined || (await isConfirmed(question, yes))) await post(path, body);
    });
  }
});

/** Asks before money goes back: a wrong press costs a sale. */
function isConfirmed(question, yes) {
  dialog.querySelector('#question').textContent = question;
  dialog.querySelector('[data-answer="yes"]').textContent = yes;
  dialog.returnValue = '';
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => resolve(dialog.returnValue === 'yes'), { once: true });
  });
}

dialog.addEventListener('click', ({ target }) => {
  if (target.dataset.answer) dialog.close(target.dataset.answer);
});

/** Of the order that is being charged. */
let number;

async function charge() {
  const { authCode, loseAnswer } = form.elements;
  const sale = readSale(form.elements);
  if (loseAnswer?.checked) await post('/demo/lose-answer');
  // Kept until the server has answered: what may have been sent is not charged again under another number.
  number ??= newNumber('T');
  try {
    await post(`/orders/${number}/pay`, JSON.stringify({ ...sale, authCode: authCode.value }));
  } catch (error) {
    if (error instanceof NoAnswer) {
      error.message +=
        ' The customer may have been charged: take no other payment for this. Once the server is back, see the list of orders, ' +
        'or press Charge again: it is the same order, and is charged once.';
    } else if (error.advice === 'query-order') {
      // Its answer was lost, and this is the same order: it stays so until the page is loaded anew.
      error.message += ' It is in the list of orders. Reload this page for the next sale.';
    } else number = undefined;
    throw error;
  }
  number = undefined;
  if (loseAnswer) loseAnswer.checked = false;
  if (form.elements.customer) form.elements.customer.value = '';
  authCode.value = '';
  authCode.focus();
}
