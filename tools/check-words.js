// One word for each thing, and plain English. `npm run lint` runs it over the source, the tests and the documentation.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { sourceFiles } from './source-files.js';

/** What is not written, and what is written instead. Case does not matter. */
const BANNED = [
  [/\brevok\w*|\w*Revok\w*/g, 'reverse, reversal, reversed'],
  [
    /\bsettle\w*|\bsettling|\w*Settle\w*|\w*Settling/g,
    'resolve, resolution; settlement is the transfer of money to the merchant',
  ],
  [/\b(?:give|gives|given|giving|gave) (?:it |them |the money |the order )?back\b/gi, 'reverse, refund or return'],
  [/\b\w*[gG]i(?:ve|ves|ven)Back\b/g, 'reverse, refund or return'],
  [/\bundo(?:ing)?\b/gi, 'reverse'],
  [/\b(?:storage )?engines?\b|\w*Engine\b|\b(?:storage|store) back[ -]?ends?\b/gi, 'store'],
  [/\bdurable[ -]?(?:reversal|guard|job)s?\b|\bguards\.\w+/gi, 'durable order'],
  [/\blease[- ]?holders?\b|\bholders? of (?:the|a|its|this) lease\b/gi, 'worker'],
  [/\breviv(?:e|es|ed|al|ing)\b|\bre-open\w*/gi, 'redrive'],
  [/\bwebhooks?\b|\b(?:payment|refund|gateway)(?:'s)? callbacks?\b/gi, 'notification'],
  [/\b(?:daily|trade|payment) bills?\b|\bdownload\w* (?:the |a )?bills?\b/gi, 'statement'],
  [/\btakes no (?:other )?(?:option|argument|property|parameter|connection|payment|call)s?\b/gi, 'refuses'],
  [/\bin hand\b/gi, 'open; works on it; current'],
  [/\bthat (?:the (?:[\w%]+ ){1,2})?(?:is|are) none\b/gi, 'is invalid'],
  [/\bmakes? no sense\b/gi, 'is invalid'],
  [/\bof one's own\b/gi, 'custom'],
  [/\btold of (?:each|every) end\b/gi, 'called with each final outcome'],
  [/\bgone on with\b|\bmend(?:s|ed|ing)?\b/gi, 'resumes once its cause is fixed'],
  [/\b(?:see|sees|seen|saw|seeing) (?:[\w-]+ ){0,3}to (?:its|their|an|the) ends?\b/gi, 'resolve'],
  [
    /\b(?:is|are) no (?:valid |known )?(?:options?|settings?)\b|\bknown are\b/gi,
    'Unknown option x. Valid options: a, b. Did you mean a?',
  ],
  [/\bnobody reads\b/gi, 'unknown'],
  [/\bsmallest honest\b/gi, 'minimal'],
  [/\bthe house\b/gi, 'repository layout'],
  [/\bthe arrows\b/gi, 'dependency rules'],
  [/\b(?:LATER_MS|PATIENCE|AHEAD_MS)\b/g, 'a name that says what the number is for'],
];

/** Only in the chaos test: it speaks Jepsen's language. */
const BANNED_IN_CHAOS = [
  [/\b(?:town|mischief|weather|storm|crew|verdict|evidence)s?\b/gi, 'cluster, nemesis, workload, history, checker'],
];

/** WeChat Pay's own words, quotations, names of others, and what earlier versions have stored. */
const ALLOWED = [
  /Revoke Orders?/g,
  /\bREVOKED\b/g,
  /"[^"\n]*"/g,
  /revoke-order\b/g,
  /'[^'\n]*(?:Revoke API|revoke the order|cannot be revoked|order is revoked)[^'\n]*'/g,
  // The prefix of a refund's number: another one would refund an order in flight twice.
  /'settle'|\^settle|`settle\$|\bsettle(?=[0-9a-f]{8}|\[)/g,
  /\bQuery Settlement\b|\bsettlement currenc(?:y|ies)\b|\bRefund settlement amount\b|\b(?:query-?)?settlement(?:_\w+|TotalFee|RefundFee|RefundCurrency|Total\w*|Fee\w*|Currency)\b/gi,
  /\b(?:query)?settlements?(?:query)?\b|\bQuerySettlement\w*|\bsettled: (?:true|false)\b/gi,
  /\bUNSETTLED\b|\ballSettled\b|\bPromiseSettledResult\b/g,
  /\bmustRevoke\b|\brevokeAfterMs\b/g,
  /(?:proxy|revocable)\w*\.revoke\(\)|\{ (?:proxy, )?revoke \}|\.revoke\(\)/g,
  /engines\??\.node|engine-strict|"engines"|\bengines\??: \{ (?:readonly )?node/g,
];

/** About the transfer of money to the merchant, whose word it is. */
const ABOUT_SETTLEMENT = /(?:^|\/)(?:query-)?settlements?(?:\.spec)?\.ts$/;

/** A quotation of WeChat Pay's page, or stored by an earlier version: the reason stands there. */
const SKIPPED =
  /^(?:tools\/check-words\.js|integration\/test\/check-words\.spec\.ts|docs\/(?:revoke-order|closed-loop)\.md|CHANGELOG\.md|.*\/stored-states.*|.*\/version-1\.ts|package-lock\.json|integration\/api\/.*)$/;

/**
 * What is wrong in a text, as lines to print. A phrase that goes on in the next line of a comment or a page is found too.
 *
 * @param {string} file its path from the root, with slashes: some files quote, and the chaos test has words of its own
 * @param {string} text
 * @returns {string[]}
 */
export function findBannedWords(file, text) {
  if (SKIPPED.test(file)) return [];
  const banned = (file.includes('/chaos/') ? [...BANNED, ...BANNED_IN_CHAOS] : BANNED).filter(
    ([pattern]) => !(ABOUT_SETTLEMENT.test(file) && pattern.source.includes('settle')),
  );
  const lines = text
    .split('\n')
    .map((line) => ALLOWED.reduce((rest, pattern) => rest.replace(pattern, ' '), line.replace(/\s+$/, '')));
  return lines.flatMap((line, index) => {
    const next = (lines[index + 1] ?? '').replace(/^\s*(?:\*|\/\/|#|>|-)?\s*/, '');
    return banned.flatMap(([pattern, instead]) =>
      [...`${line} ${next}`.matchAll(pattern)]
        .filter((found) => found.index < line.length)
        .map(([words]) => `${file}:${index + 1}: "${words}". Write: ${instead}.`),
    );
  });
}

function main() {
  const files = sourceFiles(process.cwd()).filter((file) => /\.(?:[cm]?[jt]s|md|html|json|yml)$/.test(file));
  const problems = files.flatMap((file) => findBannedWords(file, readFileSync(file, 'utf8')));
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) process.exitCode = 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
