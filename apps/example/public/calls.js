// What a page asks the server for, with the till's token.
import { say } from './words.js';

/** Longer than the server waits for WeChat Pay. */
const ANSWER_MS = 60_000;

const message = document.querySelector('#message');
const token = document.querySelector('#token');

// The address that the start printed brings the token; it stays in this tab, and leaves the address.
token.value = /^#token=(\S+)$/.exec(location.hash)?.[1] ?? sessionStorage.getItem('token') ?? '';
if (location.hash) history.replaceState(null, '', location.pathname + location.search);
keepToken();
token.addEventListener('input', keepToken);

function keepToken() {
  sessionStorage.setItem('token', token.value.trim());
}

/** There was no clear answer: whatever was asked for may have happened. */
export class NoAnswer extends Error {}

export function post(path, body = '{}') {
  return call(path, { method: 'POST', body, headers: { 'content-type': 'application/json' } });
}

/** @returns what the server answers. @throws {NoAnswer} or what the server says is wrong, so that this call did nothing. */
export async function call(path, { headers, ...init } = {}) {
  let response;
  try {
    response = await fetch(path, {
      ...init,
      headers: { ...headers, authorization: `Bearer ${token.value.trim()}` },
      signal: AbortSignal.timeout(ANSWER_MS),
    });
  } catch {
    throw new NoAnswer(say('no-answer'));
  }
  const { ok, status } = response;
  if (ok) {
    if (status === 204) return undefined;
    return response.json().catch(() => {
      throw new NoAnswer(say('no-answer'));
    });
  }
  const problem = await response.json().catch(() => undefined);
  const { outcome, advice, detail, remedy } = problem ?? {};
  const text = [detail ?? problem?.message, remedy].filter(Boolean).join(' ');
  if (!problem || isUnclear(status, outcome)) {
    // What stands between may answer for a server that is not there.
    throw new NoAnswer(outcome === undefined ? `${say('no-answer')} ${say('http-status', status)}` : text);
  }
  if (status === 401) token.focus();
  throw Object.assign(new Error(text), { advice });
}

/** Only who knows that nothing was sent says so: any other answer of a server in trouble, or of one before it, leaves that open. */
function isUnclear(status, outcome) {
  return outcome === 'unknown' || (outcome !== 'not-sent' && (status >= 500 || status === 408));
}

/** Changes something, and shows the page anew, or the one at `to`. */
export async function postAndReload(path, body, to = location.href) {
  try {
    await post(path, body);
  } catch (error) {
    if (error instanceof NoAnswer) error.message += ` ${say('may-be-done')}`;
    throw error;
  }
  if (to === location.href) location.reload();
  else location.assign(to);
}

/** Runs what a button does, once at a time, and says what went wrong. */
export async function saying(button, work) {
  message.textContent = '';
  button.disabled = true;
  try {
    await work();
  } catch (error) {
    message.textContent = error.message;
  }
  button.disabled = false;
}

/** What the form of a sale says. */
export function readSale({ amount, currency, description }) {
  const totalFee = toMinorUnit(amount.value.trim(), Number(currency.selectedOptions[0].dataset.digits));
  return { description: description.value, totalFee, currency: currency.value };
}

/** 8.88 as 888, digit by digit: no fraction is ever computed. */
export function toMinorUnit(amount, digits) {
  const [, whole, fraction = ''] = /^(\d{1,9})(?:\.(\d*))?$/.exec(amount) ?? [];
  const total = whole === undefined || fraction.length > digits ? 0 : Number(whole + fraction.padEnd(digits, '0'));
  if (total < 1) throw new Error(say('wrong-amount', digits));
  return total;
}

/** 888 and HKD as HKD 8.88. */
export function formatMoney(amount, currency, digits) {
  const text = String(amount).padStart(digits + 1, '0');
  const whole = text.slice(0, text.length - digits);
  return `${currency} ${digits === 0 ? whole : `${whole}.${text.slice(-digits)}`}`;
}

/** A number that no other order has. */
export function newNumber(letter) {
  return `${letter}${Date.now()}${crypto.getRandomValues(new Uint32Array(1))[0]}`;
}
