// The cashier's page: sends the form, and shows what the server says of each order.

const form = document.querySelector('#pay');
const orders = document.querySelector('#orders');
const message = document.querySelector('#message');

new EventSource('/events').addEventListener('message', ({ data }) => {
  const { id, html } = JSON.parse(data);
  const template = document.createElement('template');
  template.innerHTML = html; // made by the server, every value escaped
  const shown = document.getElementById(id);
  if (shown) shown.replaceWith(template.content);
  else orders.prepend(template.content);
});

form.addEventListener('submit', (event) => {
  event.preventDefault();
  void saying(form.querySelector('button'), charge);
});

form.elements.customer?.addEventListener('change', ({ target }) => {
  form.elements.authCode.value = target.value;
});

orders.addEventListener('click', ({ target }) => {
  const { post: path, get, body, token } = target.dataset;
  if (get) void saying(target, () => call(get, {}));
  if (path) void saying(target, () => post(path, body, token === undefined ? {} : managerHeaders()));
});

/** Of the order that is being charged. */
let number;

async function charge() {
  const { amount, currency, description, authCode, loseAnswer } = form.elements;
  const totalFee = toMinorUnit(amount.value.trim(), Number(currency.selectedOptions[0].dataset.digits));
  if (loseAnswer?.checked) await post('/demo/lose-answer');
  // Kept until the server has answered: what may have been sent is not charged again under another number.
  number ??= `T${Date.now()}${crypto.getRandomValues(new Uint32Array(1))[0]}`;
  const order = { description: description.value, totalFee, currency: currency.value, authCode: authCode.value };
  await post(`/orders/${number}/pay`, JSON.stringify(order));
  if (loseAnswer) loseAnswer.checked = false;
  if (form.elements.customer) form.elements.customer.value = '';
  authCode.value = '';
  authCode.focus();
}

/** 8.88 as 888, digit by digit: no fraction is ever computed. */
function toMinorUnit(amount, digits) {
  const [, whole, fraction = ''] = /^(\d{1,9})(?:\.(\d*))?$/.exec(amount) ?? [];
  const total = whole === undefined || fraction.length > digits ? 0 : Number(whole + fraction.padEnd(digits, '0'));
  if (total < 1) throw new Error(`The amount must be a number with at most ${digits} digits after the point.`);
  return total;
}

/** What a manager may do, and who that is, is for the server to say: the token stays in this page. */
function managerHeaders() {
  return { authorization: `Bearer ${document.querySelector('#token').value.trim()}` };
}

function post(path, body = '{}', headers = {}) {
  return call(path, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } });
}

async function call(path, init) {
  const response = await fetch(path, init);
  if (path.endsWith('/pay')) number = undefined;
  if (response.ok) return;
  const problem = await response.json();
  throw new Error([problem.message, problem.remedy].filter(Boolean).join(' '));
}

/** Runs what a button does, once at a time, and says what went wrong. */
async function saying(button, work) {
  message.textContent = '';
  button.disabled = true;
  try {
    await work();
  } catch (error) {
    message.textContent = error.message;
  }
  button.disabled = false;
}
