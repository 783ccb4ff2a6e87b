// The checkout: makes an order, and shows the customer how it stands.
import { follow, fragment } from './live.js';

const form = document.querySelector('#checkout');
const main = document.querySelector('main[data-events]');

if (form) beginOrders();
if (main) showOrder();

function beginOrders() {
  const calls = import('./calls.js');
  /** Kept until the server has answered: it is the same order, and has one QR code. */
  let number;
  const button = form.querySelector('button');
  // Before anything is waited for: who is quick with Enter is heard, and once.
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    button.disabled = true;
    const { newNumber, NoAnswer, post, readSale, saying } = await calls;
    await saying(button, async () => {
      number ??= newNumber('C');
      try {
        await post(`/checkout/orders/${number}`, JSON.stringify(readSale(form.elements)));
      } catch (error) {
        if (error instanceof NoAnswer) error.message += ' Nobody has paid. Press again: it is the same order.';
        else number = undefined;
        throw error;
      }
      location.assign(`/checkout/${number}?lang=${form.dataset.lang}`);
    });
  });
}

function showOrder() {
  const { now, speed } = document.body.dataset;
  const started = performance.now();
  /** By the server's clock. */
  const time = () => Number(now) + (performance.now() - started) * Number(speed);

  follow(main.dataset.events, ({ html }) => {
    // What changed for a person is told; the code that was on the screen stays there.
    if (fragment(html).querySelector('#order').dataset.state !== main.querySelector('#order').dataset.state) {
      main.replaceChildren(fragment(html));
      countDown();
    }
  });
  countDown();
  setInterval(countDown, 250);

  function countDown() {
    const left = main.querySelector('time[data-until]');
    if (!left) return;
    const seconds = Math.max(0, Math.ceil((Number(left.dataset.until) - time()) / 1000));
    const text = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
    if (left.textContent !== text) left.textContent = text;
  }
}
