// What a page's scripts say, in the page's language.

const words = JSON.parse(document.body.dataset.words ?? '{}');

/** A text of the page, with values put in. */
export function say(name, ...values) {
  return (words[name] ?? name).replace(/\{(\d)\}/g, (_, index) => values[index] ?? '');
}
