import { InvalidArgumentError } from 'commander';

// What an option takes, for commander: it tells what they throw with the option's name.

/** How many: 1 to 999999999. */
export function wholeNumber(text: string): number {
  if (/^[1-9][0-9]{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number, 1 or more.');
}

/** A day at most. */
export function seconds(text: string): number {
  const given = wholeNumber(text);
  if (given <= 86_400) return given;
  throw new InvalidArgumentError('It must be a number of seconds, a day at most.');
}

/** One of a few words. */
export function oneOf<Choice extends string>(choices: readonly Choice[]): (text: string) => Choice {
  return (text) => {
    const found = choices.find((choice) => choice === text);
    if (found !== undefined) return found;
    throw new InvalidArgumentError(`It must be ${choices.join(', ')}.`);
  };
}
