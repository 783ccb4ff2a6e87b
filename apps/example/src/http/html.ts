/** Text that is markup already. */
export class Markup {
  constructor(readonly text: string) {}
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Markup, in which whatever is put in is text, unless it is markup itself. */
export function html(
  strings: TemplateStringsArray,
  ...values: (Markup | readonly Markup[] | string | number)[]
): Markup {
  return new Markup(String.raw({ raw: strings }, ...values.map(textOf)));
}

export const NOTHING = html``;

function textOf(value: Markup | readonly Markup[] | string | number): string {
  if (value instanceof Markup) return value.text;
  if (typeof value === 'object') return value.map(({ text }) => text).join('');
  return String(value).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}
