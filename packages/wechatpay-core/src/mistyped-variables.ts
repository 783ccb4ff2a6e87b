import { nearestName } from './call/known-properties.js';
import type { ConfigProblem } from './errors.js';

/**
 * The variables that are nearly one of ours: a typing error would otherwise leave a default in force, silently.
 *
 * @param names what is read, without the prefix, as in `API_KEY`.
 */
export function mistypedVariables(
  environment: Readonly<Record<string, string | undefined>>,
  prefix: string,
  names: readonly string[],
): readonly ConfigProblem[] {
  const known = [...new Set(names)];
  const problems: ConfigProblem[] = [];
  for (const [variable, value = ''] of Object.entries(environment)) {
    const name = variable.slice(prefix.length);
    if (!variable.startsWith(prefix) || value.trim() === '' || known.includes(name)) continue;
    const meant = known.includes(withoutKind(name))
      ? withoutKind(name)
      : known.some((candidate) => hasMoreWords(name, candidate))
        ? undefined
        : nearestName(name, known);
    if (meant === undefined) continue;
    const problem = `is unknown, and nothing would read it. Did you mean ${prefix}${meant}? Another purpose needs another name.`;
    problems.push({ field: variable, problem });
  }
  return problems;
}

// One of ours and the kind of its value, as PROXY_URL or CERT_PATH; a PRIVATE_KEY is the KEY. `_FILE` is the application's own: so
// container secrets are named.
function withoutKind(name: string): string {
  const bare = name.replace(/_(?:URL|URI|HOST|PORT|ADDRESS|SERVER|PATH)$/, '');
  return bare === 'PRIVATE_KEY' ? 'KEY' : bare;
}

// One of ours and more words, as HK_API_KEY, API_V3_KEY or API_KEY_OLD: that is the application's own.
function hasMoreWords(name: string, known: string): boolean {
  const words = name.split('_').filter(Boolean);
  const needed = known.split('_');
  let found = 0;
  for (const word of words) if (word === needed[found]) found += 1;
  return found === needed.length && words.length > needed.length;
}
