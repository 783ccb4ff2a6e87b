// Text that others wrote (a gateway, a proxy, a caller) may hold line breaks, terminal commands, characters that turn the
// direction of what follows, 60,000 characters, or the signature of our own request. Every message shows it through here.

/**
 * Text of others for a message: in double quotes, as JSON.
 *
 * @param maxLength the documented length; what is longer ends in `…`.
 */
export function quoted(text: string, maxLength = 128): string {
  return `"${shown(text, maxLength, /["\\]/)}"`;
}

/** Text of others for a property of an error: as {@link quoted}, without the quotes. */
export function escaped(text: string, maxLength = 128): string {
  return shown(text, maxLength, undefined);
}

/** Takes secrets of ours (signatures and nonces: letters and digits) out of a text of others, in whatever case it repeats them. */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  return secrets.reduce((rest, secret) => rest.replace(new RegExp(secret, 'gi'), '…'), text);
}

function shown(text: string, maxLength: number, quotes: RegExp | undefined): string {
  // Signatures are 32 or 64 hexadecimal digits; an order number may have 32 decimal ones.
  const safe = text.replace(/[0-9A-Fa-f]{32,}/g, (run) => (/[A-Fa-f]/.test(run) ? '…' : run));
  const pieces: string[] = [];
  let length = 0;
  for (const character of safe) {
    const piece = HIDDEN.test(character) ? escape(character) : quotes?.test(character) ? `\\${character}` : character;
    const size = piece === character ? 1 : piece.length;
    if (length + size > maxLength) {
      while (length > maxLength - 1) length -= lengthOf(pieces.pop() ?? '');
      return `${pieces.join('')}…`;
    }
    pieces.push(piece);
    length += size;
  }
  return pieces.join('');
}

function lengthOf(piece: string): number {
  return piece.startsWith('\\') ? piece.length : 1;
}

// Unicode's control and format characters (among them those that set the direction), its line ends, and half pairs.
const HIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

function escape(character: string): string {
  const short = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }[character];
  if (short !== undefined) return short;
  const hex = (character.codePointAt(0) ?? 0).toString(16);
  return hex.length > 4 ? `\\u{${hex}}` : `\\u${hex.padStart(4, '0')}`;
}
