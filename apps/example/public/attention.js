// The manager's page: what becomes of the money stands beside each button, and is asked once more where it may move.
import { postAndReload, saying } from './calls.js';
import { isConfirmed } from './confirm.js';
import { say } from './words.js';

const main = document.querySelector('main');

main.addEventListener('click', ({ target }) => {
  const { post: path, body, question } = target.dataset;
  if (target.localName !== 'button' || path === undefined) return;
  void saying(target, async () => {
    const yes = target.textContent.trim();
    if (question !== undefined && !(await isConfirmed({ question: say('question', question), yes }))) return;
    await postAndReload(path, body);
  });
});

main.addEventListener('submit', (event) => {
  event.preventDefault();
  const { target } = event;
  const { note, actor } = target.elements;
  void saying(target.querySelector('button'), async () => {
    await postAndReload(target.dataset.post, JSON.stringify({ note: note.value, actor: actor.value }));
  });
});
