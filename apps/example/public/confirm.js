// Asks before something that cannot be undone: a wrong press costs a sale. Enter and Escape say no.

const dialog = document.querySelector('#confirm');
const yesButton = dialog.querySelector('[data-answer="yes"]');

dialog.addEventListener('click', ({ target }) => {
  if (target.dataset.answer) dialog.close(target.dataset.answer);
});

/** @param ask `question` and `yes`, the words; they can be changed by what this is called with. */
export function isConfirmed({ question, yes }) {
  change({ question, yes, isPossible: true });
  dialog.returnValue = '';
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => resolve(dialog.returnValue === 'yes'), { once: true });
  });
}

/** Asks something else, while it is open. */
export function change({ question, yes, isPossible }) {
  dialog.querySelector('#question').textContent = question;
  yesButton.textContent = yes;
  yesButton.disabled = !isPossible;
}
