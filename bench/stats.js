export function percentile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * How one compares with another: the median of the rounds' ratios, not the ratio of two medians. Both of a round ran
 * within seconds, so that whatever else the machine does falls out of it.
 */
export function ratio(values, others) {
  return median(values.map((value, round) => value / others[round]));
}

/** As {@link ratio}, for a difference. */
export function difference(values, others) {
  return median(values.map((value, round) => value - others[round]));
}
