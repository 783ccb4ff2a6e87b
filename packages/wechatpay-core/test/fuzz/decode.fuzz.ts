import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decodeXml, encodeXml, MAX_XML_BYTES, WechatPayResponseError } from '../../src/index.js';
import { corpus, document, hostile, readWithSaxes, spend } from './hostile-xml.js';

const prototype = Object.getOwnPropertyNames(Object.prototype).sort().join();

function tryDecode(input: string | Uint8Array): Record<string, string> | undefined {
  try {
    return decodeXml(input);
  } catch (error) {
    if (error instanceof WechatPayResponseError) return undefined;
    throw error;
  }
}

it('reads what it accepts as a strict parser does, and refuses the rest by one kind of error', () => {
  let accepted = 0;
  const judge = (text: string): void => {
    const fields = tryDecode(text);
    if (fields !== undefined) {
      accepted += 1;
      // fast-xml-parser follows XML 1.0, 2.11, as saxes does: a line end that was not escaped is a line feed.
      expect({ ...fields }).toEqual(readWithSaxes(text.replace(/^\ufeff/, '')));
      expect({ ...decodeXml(encodeXml(fields)) }).toEqual(
        Object.fromEntries(Object.entries(fields).filter(([, value]) => value)),
      );
      expect(Object.getPrototypeOf(fields)).toBeNull();
    }
    expect(Object.getOwnPropertyNames(Object.prototype).sort().join()).toBe(prototype);
  };
  corpus.forEach(judge);
  fc.assert(fc.property(hostile, judge), spend);
  expect(accepted).toBeGreaterThan(0);
});

it('accepts every flat document without a field twice', () => {
  fc.assert(
    fc.property(document, (text) => {
      const names = [...text.replace(/<!\[CDATA\[.*?\]\]>/gs, '').matchAll(/<(\w+)>/g)].map(([, tag]) => tag);
      fc.pre(new Set(names).size === names.length);
      // What XML 1.0 cannot carry is refused, rightly: control characters, lone surrogates, noncharacters.
      fc.pre(/^[\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]*$/u.test(text));
      expect(tryDecode(text)).toBeDefined();
    }),
    spend,
  );
});

it('does not fall over any bytes', () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.tuple(hostile, fc.uint8Array({ maxLength: 3 }), fc.nat()).map(([text, noise, at]) => {
      const whole = Buffer.from(text);
      const index = at % (whole.length + 1);
      return Buffer.concat([whole.subarray(0, index), noise, whole.subarray(index)]);
    }),
  );
  fc.assert(
    fc.property(bytes, (input) => {
      tryDecode(input);
    }),
    spend,
  );
});

// Sixteen times the size may cost sixteen times the time; a quadratic reader takes 256 times. Best of several, so that a
// busy machine does not matter.
const GROWING: [string, (size: number) => string][] = [
  ['opening tags', (size) => `<xml>${'<a>'.repeat(size / 3)}`],
  ['CDATA without end', (size) => `<xml><a>${'<![CDATA['.repeat(size / 9)}`],
  ['CDATA sections', (size) => `<xml><a>${'<![CDATA[x]]>'.repeat(size / 13)}</a></xml>`],
  ['brackets', (size) => `<xml><a><![CDATA[${']'.repeat(size)}]]></a></xml>`],
  ['brackets in text', (size) => `<xml><a>${']'.repeat(size)}`],
  ['entities', (size) => `<xml><a>${'&amp;'.repeat(size / 5)}</a></xml>`],
  ['ampersands', (size) => `<xml><a>${'&'.repeat(size)}</a></xml>`],
  ['white space', (size) => `<xml>${' '.repeat(size)}`],
  ['a name', (size) => `<xml><${'a'.repeat(size)}`],
  ['a name, closed', (size) => `<xml><${'a'.repeat(size / 2)}></${'a'.repeat(size / 2)}></xml>`],
  [
    'fields',
    (size) => `<xml>${Array.from({ length: size / 20 }, (_, index) => `<a${index}>1</a${index}>`).join('')}</xml>`,
  ],
  ['empty fields', (size) => `<xml>${Array.from({ length: size / 10 }, (_, index) => `<a${index}/>`).join('')}</xml>`],
  ['a text', (size) => `<xml><a>${'x'.repeat(size)}</a></xml>`],
  ['a text without end', (size) => `<xml><a>${'x'.repeat(size)}`],
  ['comments', (size) => `<xml>${'<!---->'.repeat(size / 7)}</xml>`],
  ['declarations', (size) => '<?xml version="1.0"?>'.repeat(size / 21)],
  ['entity definitions', (size) => `<!DOCTYPE x [${'<!ENTITY a "b">'.repeat(size / 15)}]><xml><a>&a;</a></xml>`],
];

it.each(GROWING)('takes linear time over %s', (_, grow) => {
  const [small, large] = [grow((MAX_XML_BYTES * 0.9) / 16), grow(MAX_XML_BYTES * 0.9)].map((text) => {
    const times = Array.from({ length: 15 }, () => {
      const start = process.cpuUsage();
      tryDecode(text);
      return cpuMs(start);
    });
    return Math.min(...times);
  });
  expect(large! / Math.max(small!, 0.02)).toBeLessThan(80);
});

/** Of this process: what others do meanwhile takes none of it. */
function cpuMs(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1000;
}
