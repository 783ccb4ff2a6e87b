// What has to survive that this page is loaded anew, in this tab alone.

const keyOf = (name) => `kept ${name}`;

export const kept = {
  get: (name) => JSON.parse(sessionStorage.getItem(keyOf(name)) ?? 'null') ?? undefined,
  set: (name, value) =>
    value === undefined
      ? sessionStorage.removeItem(keyOf(name))
      : sessionStorage.setItem(keyOf(name), JSON.stringify(value)),
};
