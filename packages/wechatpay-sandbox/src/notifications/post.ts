import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { rootCertificates } from 'node:tls';
import { decode } from '../wire/xml.js';

/** What came of one sending. */
export interface Posted {
  /** The HTTP status of the answer, where there was one. */
  readonly status?: number;
  /** Whether the answer is the acknowledgement that WeChat Pay waits for. */
  readonly isAcknowledged: boolean;
  /** Why there was no answer. */
  readonly error?: string;
}

interface PostOptions {
  /** A root certificate (PEM) to trust beside the usual ones. */
  readonly ca: string;
  readonly timeoutMs: number;
  /** Whether the connection breaks after half of the body. */
  readonly isCut: boolean;
  /** Ends it at once. */
  readonly signal: AbortSignal;
}

const maxAnswerBytes = 64 * 1024;

/** The headers of a notification. */
export function headersOf(body: Buffer, requestId: string): Record<string, string> {
  return { 'Content-Type': 'text/xml', 'Content-Length': String(body.length), 'Request-ID': requestId };
}

/** Posts a notification over HTTP or HTTPS. Never throws: nobody is there to be told. */
export function post(
  url: string,
  headers: Record<string, string>,
  body: Buffer,
  options: PostOptions,
): Promise<Posted> {
  return new Promise((resolve) => {
    const end = (posted: Posted): void => {
      clearTimeout(timer);
      resolve(posted);
    };
    const request = url.startsWith('https:') ? requestHttps : requestHttp;
    const sent = request(
      url,
      { method: 'POST', headers, agent: false, signal: options.signal, ca: [...rootCertificates, options.ca] },
      (response) => {
        const chunks: Buffer[] = [];
        let length = 0;
        response.on('data', (chunk: Buffer) => {
          length += chunk.length;
          if (length > maxAnswerBytes) sent.destroy(new Error('the answer is longer than 64 KiB'));
          else chunks.push(chunk);
        });
        response.on('error', ({ message }) => {
          end({ isAcknowledged: false, error: message });
        });
        response.on('end', () => {
          const status = response.statusCode ?? 0;
          end({ status, isAcknowledged: status === 200 && isAcknowledgement(Buffer.concat(chunks)) });
        });
      },
    );
    sent.on('error', ({ message }) => {
      end({ isAcknowledged: false, error: message });
    });
    const timer = setTimeout(() => {
      sent.destroy(new Error(`no answer within ${options.timeoutMs} ms`));
    }, options.timeoutMs);
    if (!options.isCut) {
      sent.end(body);
      return;
    }
    sent.write(body.subarray(0, Math.ceil(body.length / 2)), () => {
      sent.destroy(new Error('cut'));
    });
  });
}

/** `<xml>` with return_code SUCCESS. A status alone is none, and neither is an empty body, JSON, or the word "success". */
function isAcknowledgement(body: Buffer): boolean {
  return decode(body).fields?.return_code === 'SUCCESS';
}
