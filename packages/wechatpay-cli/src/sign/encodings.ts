/** A text in the bytes of another encoding; undefined where that has no such character. */
export type Encode = (text: string) => Buffer | undefined;

export const gbk: Encode = (text) => {
  table ??= gbkTable();
  const bytes: number[] = [];
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    const pair = code < 0x80 ? [code] : table.get(character);
    if (!pair) return undefined;
    bytes.push(...pair);
  }
  return Buffer.from(bytes);
};

/** UTF-8 that was read as Latin-1 and encoded again. */
export const twice: Encode = (text) => Buffer.from(Buffer.from(text, 'utf8').toString('latin1'), 'utf8');

/** Every character that Latin-1 does not have becomes a question mark, as old Java and PHP do. */
export const latin1: Encode = (text) => Buffer.from(text.replaceAll(/[^\u0000-\u00ff]/gu, '?'), 'latin1');

/** What stands in the document was read as Latin-1 on its way, and was signed before. */
export const readAsLatin1: Encode = (text) =>
  /^[\u0000-\u00ff]*$/.test(text) ? Buffer.from(text, 'latin1') : undefined;

let table: Map<string, readonly number[]> | undefined;

// Node.js decodes GBK, and does not encode it.
function gbkTable(): Map<string, readonly number[]> {
  const decoder = new TextDecoder('gbk');
  const pairs = new Map<string, readonly number[]>();
  for (let lead = 0x81; lead <= 0xfe; lead += 1) {
    for (let trail = 0x40; trail <= 0xfe; trail += 1) {
      const character = decoder.decode(Uint8Array.of(lead, trail));
      if (character.length === 1 && character !== '\ufffd') pairs.set(character, [lead, trail]);
    }
  }
  return pairs;
}
