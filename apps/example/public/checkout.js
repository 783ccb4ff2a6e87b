// The checkout: makes an order, and shows the customer how it stands.
import { countDown } from './clock.js';
import { follow, fragment } from './live.js';

const form = document.querySelector('#checkout');
const main = document.querySelector('main[data-events]');

if (form) beginOrders();
if (main) showOrder();

function beginOrders() {
  const loaded = Promise.all([import('./calls.js'), import('./words.js')]);
  /** Kept until the server has answered: the same sale is the same order, and has one QR code. */
  let sent;
  const button = form.querySelector('button');
  // Before anything is waited for: who is quick with Enter is heard, and once.
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    button.disabled = true;
    const [{ newNumber, NoAnswer, post, readSale, saying }, { say }] = await loaded;
    await saying(button, async () => {
      const sale = JSON.stringify(readSale(form.elements));
      // Another sale is another order. Nobody can pay the one before: nobody was shown its code.
      if (sent?.sale !== sale) sent = { sale, number: newNumber('C') };
      const { number } = sent;
      try {
        await post(`/checkout/orders/${number}`, sale);
      } catch (error) {
        if (error instanceof NoAnswer) error.message += ` ${say('press-again')}`;
        else sent = undefined;
        throw error;
      }
      location.assign(`/checkout/${number}?lang=${document.body.dataset.lang}`);
    });
  });
}

function showOrder() {
  follow(main.dataset.events, ({ html }) => {
    // What changed for a person is told; the code that was on the screen stays there.
    if (fragment(html).querySelector('#order').dataset.state !== main.querySelector('#order').dataset.state) {
      main.replaceChildren(fragment(html));
      countDown();
    }
  });
}
