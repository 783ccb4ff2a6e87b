import { html, NOTHING, type Markup } from './html.js';
import { LANGUAGE_NAMES, LANGUAGES, type Language } from './language.js';
import { shellWords, type PageName } from './shell.words.js';

export interface Shell {
  readonly language: Language;
  /** Which of the pages in the navigation it is, or belongs to. */
  readonly page: PageName;
  readonly title: string;
  readonly heading: string | Markup;
  /** Where it is, without `?lang=`. */
  readonly path: string;
  /** Its files in public/: style sheets besides page.css, and its script. */
  readonly styles: readonly string[];
  readonly script: string;
  readonly main: Markup;
  /** By the server's clock, for what counts down. */
  readonly clock?: { readonly now: number; readonly speed: number } | undefined;
  /** What the page's script says, besides what all say. */
  readonly words?: Readonly<Record<string, string>>;
  /** What is shown while the server does not answer; without it, nothing is. */
  readonly offline?: string;
}

/** Where the pages are. One more is a line here, and its name in shell.words.ts. */
const PAGES: readonly (readonly [PageName, string])[] = [
  ['till', '/'],
  ['checkout', '/checkout'],
  ['attention', '/attention'],
  ['day', '/day'],
];

/** A page: what all have in common, with what is its own. */
export function renderShell({ language, page, title, heading, path, styles, script, main, ...more }: Shell): string {
  const words = shellWords(language);
  const { clock, offline } = more;
  const time = clock ? html` data-now="${clock.now}" data-speed="${clock.speed}"` : NOTHING;
  return html`<!doctype html>
    <html lang="${LANGUAGE_NAMES[language].code}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title}</title>
        <link rel="icon" href="data:," />
        ${['page.css', ...styles].map((name) => html`<link rel="stylesheet" href="/${name}" />`)}
        <script type="module" src="/${script}"></script>
      </head>
      <body data-lang="${language}" data-words="${JSON.stringify({ ...words.script, ...more.words })}" ${time}>
        <header>
          <h1>${heading}</h1>
          <nav aria-label="${words.pages}">
            ${PAGES.filter(([name]) => name !== page).map(
              ([name, to]) => html`<a href="${to}?lang=${language}">${words.names[name]}</a> `,
            )}
            <a href="/docs">API</a>
          </nav>
          <nav aria-label="${words.languages}">
            ${LANGUAGES.filter((other) => other !== language).map(
              (other) =>
                html`<a
                  href="${path}${path.includes('?') ? '&' : '?'}lang=${other}"
                  lang="${LANGUAGE_NAMES[other].code}"
                  hreflang="${LANGUAGE_NAMES[other].code}"
                  >${LANGUAGE_NAMES[other].name}</a
                > `,
            )}
          </nav>
        </header>
        ${offline === undefined ? NOTHING : html`<p id="offline" role="status" hidden>${offline}</p>`}
        <noscript><p>${words.noScript}</p></noscript>
        ${main}
      </body>
    </html>`.text;
}

/** Where the token of the till is typed in, once a tab. */
export function tokenField(language: Language): Markup {
  return html`<label id="access"
    >${shellWords(language).token} <input id="token" type="password" autocomplete="off"
  /></label>`;
}

/** Asks before something that cannot be undone: see public/confirm.js. Enter says no. */
export function confirmDialog(cancel: string, more: Markup = NOTHING): Markup {
  return html`<dialog id="confirm" aria-labelledby="question">
    <p id="question"></p>
    ${more}
    <p class="buttons">
      <button data-answer="no" autofocus>${cancel}</button>
      <button data-answer="yes"></button>
    </p>
  </dialog>`;
}
