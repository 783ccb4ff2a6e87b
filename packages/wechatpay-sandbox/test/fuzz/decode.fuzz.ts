import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decode, encode } from '../../src/wire/xml.js';
import { corpus, document, hostile, spend } from './grammar.js';

const prototype = Object.getOwnPropertyNames(Object.prototype).sort().join();

/** Either fields or a problem, whatever came in: never a throw, and nothing of JavaScript's own touched. */
function judge(body: Uint8Array): boolean {
  const { fields, problem } = decode(body);
  expect(Object.getOwnPropertyNames(Object.prototype).sort().join()).toBe(prototype);
  if (fields === undefined) {
    expect(problem).toMatch(/^[\w <>,-]+$/);
    return false;
  }
  expect(problem).toBeUndefined();
  expect(Object.getPrototypeOf(fields)).toBe(Object.prototype);
  expect(Object.values(fields).every((value) => typeof value === 'string')).toBe(true);
  expect(decode(Buffer.from(encode(fields)))).toEqual({ fields });
  return true;
}

it('reads or refuses, whatever text it is given', () => {
  let accepted = 0;
  for (const text of corpus) judge(Buffer.from(text));
  fc.assert(
    fc.property(hostile, (text) => {
      if (judge(Buffer.from(text))) accepted += 1;
    }),
    spend,
  );
  expect(accepted).toBeGreaterThan(0);
});

it('reads or refuses, whatever bytes it is given', () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.tuple(hostile, fc.uint8Array({ maxLength: 3 }), fc.nat()).map(([text, noise, at]) => {
      const whole = Buffer.from(text);
      const index = at % (whole.length + 1);
      return Buffer.concat([whole.subarray(0, index), noise, whole.subarray(index)]);
    }),
  );
  fc.assert(
    fc.property(bytes, (body) => {
      judge(body);
    }),
    spend,
  );
});

it('reads every flat document for what it says', () => {
  fc.assert(
    fc.property(document, ({ xml, fields }) => {
      expect(decode(Buffer.from(xml))).toEqual({ fields });
    }),
    spend,
  );
});

// Sixteen times the size may cost sixteen times the time; a quadratic reader takes 256 times. Best of several, so that a
// busy machine does not matter.
const growing: [string, (size: number) => string][] = [
  ['opening tags', (size) => '<xml>'.repeat(size / 5)],
  ['CDATA without end', (size) => `<xml><a>${'<![CDATA['.repeat(size / 9)}`],
  ['CDATA sections', (size) => `<xml><a>${'<![CDATA[x]]>'.repeat(size / 13)}</a></xml>`],
  ['brackets', (size) => `<xml><a><![CDATA[${']'.repeat(size)}]]></a></xml>`],
  ['brackets in text', (size) => `<xml><a>${']'.repeat(size)}`],
  ['entities', (size) => `<xml><a>${'&amp;'.repeat(size / 5)}</a></xml>`],
  ['an entity without end', (size) => `<xml><a>&${'a'.repeat(size)}`],
  ['a number without end', (size) => `<xml><a>&#${'1'.repeat(size)};`],
  ['white space', (size) => `<xml>${' '.repeat(size)}`],
  ['a name', (size) => `<xml><${'a'.repeat(size)}`],
  ['a name, closed', (size) => `<xml><${'a'.repeat(size / 2)}></${'a'.repeat(size / 2)}></xml>`],
  [
    'fields',
    (size) => `<xml>${Array.from({ length: size / 20 }, (_, index) => `<a${index}>1</a${index}>`).join('')}</xml>`,
  ],
  ['empty fields', (size) => `<xml>${Array.from({ length: size / 10 }, (_, index) => `<a${index}/>`).join('')}</xml>`],
  ['a text', (size) => `<xml><a>${'x'.repeat(size)}</a></xml>`],
  ['comments', (size) => `<xml>${'<!---->'.repeat(size / 7)}</xml>`],
  ['a comment without end', (size) => `<xml><!--${'-'.repeat(size)}`],
  ['an attribute without end', (size) => `<xml a="${'x'.repeat(size)}`],
  ['a DOCTYPE without end', (size) => `<!DOCTYPE x [${'<!ENTITY a "b">'.repeat(size / 15)}`],
];

it.each(growing)('takes linear time over %s', (_, grow) => {
  const whole = 64 * 1024;
  const [small, large] = [grow((whole * 0.9) / 16), grow(whole * 0.9)].map((text) => {
    const body = Buffer.from(text);
    const times = Array.from({ length: 15 }, () => {
      const start = process.cpuUsage();
      decode(body);
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
