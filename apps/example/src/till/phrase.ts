import type { Language } from '../http/language.js';
import { en, type Word, type Words } from './words/en.js';
import { zh } from './words/zh.js';
import { zhHant } from './words/zh-hant.js';

/** Something to be read, in no language yet. */
export interface Phrase {
  readonly word: Word;
  /** What is put in, the same in each language: a code, an amount, a message. */
  readonly values?: readonly string[];
}

const WORDS: Readonly<Record<Language, Words>> = { en, zh, 'zh-Hant': zhHant };

export function phrase(word: Word, ...values: string[]): Phrase {
  return values.length === 0 ? { word } : { word, values };
}

export function isWord(text: string): text is Word {
  return Object.hasOwn(en, text);
}

/** Says it in a language. */
export function say(language: Language, what: Phrase | Word): string {
  const { word, values = [] } = typeof what === 'string' ? { word: what } : what;
  return WORDS[language][word].replace(/\{(\d)\}/g, (_, index: string) => values[Number(index)] ?? '').trim();
}

/** Says several, for a script that puts values in by itself. */
export function wordsOf<Name extends Word>(language: Language, names: readonly Name[]): Readonly<Record<Name, string>> {
  return Object.fromEntries(names.map((name) => [name, WORDS[language][name]])) as Readonly<Record<Name, string>>;
}
