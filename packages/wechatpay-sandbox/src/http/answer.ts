import type { ServerResponse } from 'node:http';
import { encode, type Fields } from '../wire/xml.js';

/** What goes back over the wire, and how. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
  readonly delivery?: Delivery;
}

/** Anything but the plain way of delivering. `hang` and `cut` happen before the first byte, or in the middle of the body. */
type Delivery =
  | { readonly kind: 'delay'; readonly delayMs: number }
  | { readonly kind: 'slow'; readonly pieces: number; readonly pauseMs: number }
  | { readonly kind: 'hang' | 'cut'; readonly at: 'headers' | 'body' }
  | { readonly kind: 'endless' };

/** WeChat Pay declares its XML as text/plain. */
export function xml(fields: Fields): Answer {
  return { status: 200, headers: { 'Content-Type': 'text/plain' }, body: encode(fields) };
}

/** A page as nginx writes it in front of the gateway: the heading is HTTP's own, the text says more. */
export function html(status: number, text: string, heading = text): Answer {
  const more = heading === text ? '' : `<center>${text}</center>\n`;
  const body =
    `<html>\n<head><title>${status} ${text}</title></head>\n<body>\n` +
    `<center><h1>${status} ${heading}</h1></center>\n${more}<hr><center>nginx</center>\n</body>\n</html>\n`;
  return { status, headers: { 'Content-Type': 'text/html' }, body };
}

/** Sends an answer. Whatever still runs when the connection closes ends with it: that is how stop() ends a hang. */
export function deliver(answer: Answer, response: ServerResponse): void {
  const { delivery } = answer;
  const body = Buffer.from(answer.body);
  const writeHead = (): void => {
    response.writeHead(answer.status, { ...answer.headers, 'Content-Length': body.length });
  };

  if (delivery === undefined) {
    writeHead();
    response.end(body);
  } else if (delivery.kind === 'delay') {
    const timer = setTimeout(() => {
      writeHead();
      response.end(body);
    }, delivery.delayMs);
    response.once('close', () => {
      clearTimeout(timer);
    });
  } else if (delivery.kind === 'slow') {
    writeHead();
    trickle(body, Math.max(1, Math.ceil(body.length / delivery.pieces)), delivery.pauseMs, response);
  } else if (delivery.kind === 'endless') {
    response.writeHead(answer.status, answer.headers);
    pour(body, response);
  } else {
    const finish = (): void => {
      if (delivery.kind === 'cut') response.destroy();
    };
    if (delivery.at === 'headers') finish();
    else {
      writeHead();
      response.write(body.subarray(0, Math.ceil(body.length / 2)), finish);
    }
  }
}

/** Piece by piece, with a pause before each. */
function trickle(body: Buffer, size: number, pauseMs: number, response: ServerResponse): void {
  let sent = 0;
  const timer = setInterval(() => {
    response.write(body.subarray(sent, sent + size));
    sent += size;
    if (sent < body.length) return;
    clearInterval(timer);
    response.end();
  }, pauseMs);
  response.once('close', () => {
    clearInterval(timer);
  });
}

/** As fast as the reader takes it, so that no memory fills here. */
function pour(part: Buffer, response: ServerResponse): void {
  while (!response.destroyed) {
    if (!response.write(part)) {
      response.once('drain', () => {
        pour(part, response);
      });
      return;
    }
  }
}
