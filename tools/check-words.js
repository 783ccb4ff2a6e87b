// One word for each thing, and plain English. `npm run lint` runs it over the source, the tests and the documentation.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** What is not written, and what is written instead. Case does not matter. */
const BANNED = [
  [/\brevok\w*|\w*Revok\w*/g, 'reverse, reversal, reversed'],
  [
    /\bsettle\w*|\bsettling|\w*Settle\w*|\w*Settling/g,
    'resolve, resolution; settlement is the transfer of money to the merchant',
  ],
  [/\b(?:give|gives|given|giving|gave) (?:it |them |the money |the order )?back\b/gi, 'reverse, refund or return'],
  [/\bundo\b/gi, 'reverse'],
  [/\b(?:storage )?engines?\b|\w*Engine\b/g, 'store'],
  [/\bdurable[ -]?reversals?\b/gi, 'durable order'],
  [/\brevive\w*|\bre-open\w*/gi, 'redrive'],
  [/\bwebhooks?\b/gi, 'notification'],
  [/\bin hand\b/gi, 'open; works on it; current'],
  [/\bthat (?:is|are) none\b/gi, 'is invalid'],
  [/\bmakes? no sense\b/gi, 'is invalid'],
  [/\bof one's own\b/gi, 'custom'],
  [/\bgone on with\b/gi, 'resumed'],
  [/\b(?:see|sees|seen|saw|seeing) (?:\w+ ){0,2}to its end\b/gi, 'resolve'],
  [/\bis no option\b/gi, 'Unknown option x. Valid options: a, b.'],
  [/\bnobody reads\b/gi, 'unknown'],
  [/\bsmallest honest\b/gi, 'minimal'],
  [/\bthe house\b/gi, 'repository layout'],
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
  /\bQuery Settlement\b|\b(?:query-?)?settlement(?:_\w+|TotalFee|RefundFee|Total\w*|Fee\w*|Currency)\b/gi,
  /\bUNSETTLED\b|\ballSettled\b|\bPromiseSettledResult\b/g,
  /\bmustRevoke\b|\brevokeAfterMs\b/g,
  /(?:proxy|revocable)\w*\.revoke\(\)|\{ (?:proxy, )?revoke \}|\.revoke\(\)/g,
  /engines\.node|engine-strict|"engines"/g,
];

/** A quotation of WeChat Pay's page, or stored by an earlier version: the reason stands there. */
const SKIPPED =
  /^(?:tools\/check-words\.js|docs\/(?:revoke-order|closed-loop|as-published)\.md|\.changeset\/words\.md|CHANGELOG\.md|.*\/stored-states.*|.*\/version-1\.ts|package-lock\.json|integration\/api\/.*)$/;

const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { encoding: 'utf8' })
  .split('\n')
  .filter((file) => /\.(?:c?[jt]s|md|html|json|yml)$/.test(file) && !SKIPPED.test(file));

const problems = [];
for (const file of files) {
  const banned = file.includes('/chaos/') ? [...BANNED, ...BANNED_IN_CHAOS] : BANNED;
  for (const [index, line] of readFileSync(file, 'utf8').split('\n').entries()) {
    const rest = ALLOWED.reduce((text, pattern) => text.replace(pattern, ' '), line);
    for (const [pattern, instead] of banned) {
      for (const [word] of rest.matchAll(pattern)) problems.push(`${file}:${index + 1}: "${word}". Write: ${instead}.`);
    }
  }
}
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;
