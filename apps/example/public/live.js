// What each page shows live: the server tells of changes, and is there or not.

/** The server gives a sign of life every 15 s. */
const SILENCE_MS = 40_000;
const CONNECT_AGAIN_MS = 3_000;

const offline = document.querySelector('#offline');

/** Whether the server does not answer, as far as the page knows. */
export function isOffline() {
  return !offline.hidden;
}

/** Shows each change as it comes, and whether the server is there. */
export function follow(path, show) {
  const events = new EventSource(path);
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
  // The network of this machine is gone: a connection that hangs would say so only later.
  addEventListener('offline', lost);

  function lost() {
    isHere(false);
    again();
  }
  function isHere(yes) {
    offline.hidden = yes;
    clearTimeout(silence);
    silence = watch();
  }
  function watch() {
    return setTimeout(lost, SILENCE_MS);
  }
  function again() {
    removeEventListener('offline', lost);
    clearTimeout(silence);
    events.close();
    setTimeout(() => follow(path, show), CONNECT_AGAIN_MS);
  }
}

/** Made by the server, every value escaped. */
export function fragment(html) {
  const template = document.createElement('template');
  template.innerHTML = html;
  return template.content;
}
