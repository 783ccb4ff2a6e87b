// The cashier's page: sends the form, and shows what the server says of each order.

const form = document.querySelector('#pay');
const orders = document.querySelector('#orders');
const message = document.querySelector('#message');
const offline = document.querySelector('#offline');
const token = document.querySelector('#token');
const dialog = document.querySelector('#confirm');

/** The server gives a sign of life every 15 s. */
const SILENCE_MS = 40_000;
const CONNECT_AGAIN_MS = 3_000;
/** Longer than the server waits for WeChat Pay. */
const ANSWER_MS = 60_000;

const NO_ANSWER = 'The server does not answer.';

follow();

/** Shows each order as it changes, and whether the server is there. */
function follow() {
  const events = new EventSource('/events');
  let silence = watch();

  events.addEventListener('open', () => isHere(true));
  events.addEventListener('alive', () => isHere(true));
  events.addEventListener('message', ({ data }) => {
    isHere(true);
    show(JSON.parse(data));
  });
  events.addEventListener('error', () => {
    isHere(false);
    // Else the browser connects again by itself.
    if (events.readyState === EventSource.CLOSED) again();
  });

  function isHere(yes) {
    offline.hidden = yes;
    clearTimeout(silence);
    silence = watch();
  }
  function watch() {
    return setTimeout(() => {
      isHere(false);
      again();
    }, SILENCE_MS);
  }
  function again() {
    clearTimeout(silence);
    events.close();
    setTimeout(follow, CONNECT_AGAIN_MS);
  }
}

function show({ id, html }) {
  const template = document.createElement('template');
  template.innerHTML = html; // made by the server, every value escaped
  const shown = document.getElementById(id);
  if (shown) shown.replaceWith(template.content);
  else orders.prepend(template.content);
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
  const { amount, currency, description, authCode, loseAnswer } = form.elements;
  const totalFee = toMinorUnit(amount.value.trim(), Number(currency.selectedOptions[0].dataset.digits));
  if (loseAnswer?.checked) await post('/demo/lose-answer');
  // Kept until the server has answered: what may have been sent is not charged again under another number.
  number ??= `T${Date.now()}${crypto.getRandomValues(new Uint32Array(1))[0]}`;
  const order = { description: description.value, totalFee, currency: currency.value, authCode: authCode.value };
  try {
    await post(`/orders/${number}/pay`, JSON.stringify(order));
  } catch (error) {
    if (error.message.startsWith(NO_ANSWER)) {
      error.message +=
        ' The customer may have been charged: take no other payment for this. Once the server is back, see the list of orders, ' +
        'or press Charge again: it is the same order, and is charged once.';
    }
    throw error;
  }
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

// The address that the start printed brings the token; it stays in this tab, and leaves the address.
token.value = /^#token=(\S+)$/.exec(location.hash)?.[1] ?? sessionStorage.getItem('token') ?? '';
if (location.hash) history.replaceState(null, '', location.pathname);
keepToken();
token.addEventListener('input', keepToken);

function keepToken() {
  sessionStorage.setItem('token', token.value.trim());
}

function post(path, body = '{}') {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token.value.trim()}` };
  return call(path, { method: 'POST', body, headers });
}

async function call(path, init) {
  let response;
  try {
    response = await fetch(path, { ...init, signal: AbortSignal.timeout(ANSWER_MS) });
  } catch {
    throw new Error(NO_ANSWER);
  }
  // What stands between may answer for a server that is not there.
  const problem = response.ok ? undefined : await response.json().catch(() => undefined);
  if (!response.ok && !problem) throw new Error(`${NO_ANSWER} (HTTP status ${response.status})`);
  if (path.endsWith('/pay')) number = undefined;
  if (response.ok) return;
  if (response.status === 401) token.focus();
  throw new Error([problem.detail ?? problem.message, problem.remedy].filter(Boolean).join(' '));
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
