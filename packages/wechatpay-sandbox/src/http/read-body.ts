import type { IncomingMessage } from 'node:http';

/** How much of a body that is too long is still read, so that its sender gets to read the refusal. */
const discardedBytes = 1024 * 1024;

/**
 * @returns the body, or undefined as soon as it exceeds the limit; what follows is read and dropped, up to a megabyte.
 * @throws {Error} where the client goes away before the end.
 */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= maxBytes) {
        chunks.push(chunk);
        return;
      }
      resolve(undefined);
      if (size > maxBytes + discardedBytes) request.destroy();
    });
    request.once('end', () => {
      resolve(Buffer.concat(chunks));
    });
    request.once('error', reject);
  });
}
