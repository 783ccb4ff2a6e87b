import type { TLSSocket } from 'node:tls';

/**
 * Reads past interim responses (100 Continue, 103 Early Hints), as RFC 9110, 15.2 wants, also of those that nobody asked for: undici
 * takes such a 100 for the end of a connection. 101 is none of them: it changes the protocol.
 *
 * It looks at the head of each answer only: at what comes after a write.
 */
export function skipInterimResponses(socket: TLSSocket): TLSSocket {
  const read = socket.read.bind(socket);
  const write = socket.write.bind(socket);
  let isHead = false;
  let held: Buffer | undefined;

  function next(): Buffer | null {
    for (;;) {
      const chunk = read() as Buffer | null;
      if (chunk === null) return null;
      const bytes: Buffer = held ? Buffer.concat([held, chunk]) : chunk;
      held = undefined;
      const rest = isHead ? withoutInterim(bytes) : bytes;
      if (rest === undefined && bytes.length <= MAX_HEAD_BYTES) {
        held = bytes;
      } else if (rest?.length !== 0) {
        isHead = false;
        return rest ?? bytes;
      }
    }
  }

  return Object.assign(socket, {
    // With a size, it is Node.js that fills its buffer.
    read: (size?: number) => (size === undefined ? next() : (read(size) as Buffer | null)),
    write(...given: Parameters<typeof write>) {
      isHead = true;
      return write(...given);
    },
  });
}

const MAX_HEAD_BYTES = 16 * 1024;
const EXAMPLE = 'HTTP/1.1 100';
const CLASS_AT = EXAMPLE.indexOf('100');
const ONE = 0x31;
const INTERIM = /^HTTP\/1\.\d 1(?!01)\d\d/;

/** The bytes behind all interim responses that they begin with; undefined where more have to come to tell. */
function withoutInterim(bytes: Buffer): Buffer | undefined {
  let rest = bytes;
  while (rest.length > 0) {
    if (rest.length >= EXAMPLE.length && rest[CLASS_AT] !== ONE) return rest; // a final answer, as nearly always
    const start = rest.toString('latin1', 0, EXAMPLE.length);
    if (!INTERIM.test(start + EXAMPLE.slice(start.length))) return rest;
    const end = rest.indexOf('\r\n\r\n');
    if (end === -1) return undefined;
    rest = rest.subarray(end + 4);
  }
  return rest;
}
