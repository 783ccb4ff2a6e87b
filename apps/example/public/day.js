// The page of a day: chooses one, has it reconciled, and notes who has looked at what.
import { postAndReload, saying } from './calls.js';

const { date, lang } = document.querySelector('main').dataset;
const form = document.querySelector('#day');
const reconcile = document.querySelector('#reconcile');

form.addEventListener('submit', (event) => {
  event.preventDefault();
  location.assign(`/day?date=${form.elements.date.value.replaceAll('-', '')}&lang=${lang}`);
});

reconcile.addEventListener('click', () => {
  void saying(reconcile, async () => {
    await postAndReload(`/days/${date}/reconcile`, undefined, `/day?date=${date}&lang=${lang}`);
  });
});

document.querySelector('#result').addEventListener('submit', (event) => {
  event.preventDefault();
  const { target } = event;
  void saying(target.querySelector('button'), async () => {
    const body = { ...JSON.parse(target.dataset.which), note: target.elements.note.value };
    await postAndReload(`/days/${date}/acknowledge`, JSON.stringify(body));
  });
});
