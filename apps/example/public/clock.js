// Counts down to a time of the server's clock, which may go faster than this one.

const { now, speed } = document.body.dataset;
const started = performance.now();

/** Writes what is left, to each place that counts down. */
export function countDown() {
  const time = Number(now) + (performance.now() - started) * Number(speed);
  for (const left of document.querySelectorAll('time[data-until]')) {
    const seconds = Math.max(0, Math.ceil((Number(left.dataset.until) - time) / 1000));
    const text = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
    if (left.textContent !== text) left.textContent = text;
  }
}

countDown();
setInterval(countDown, 250);
