import { Readable } from 'node:stream';
import { SetMetadata, UnsupportedMediaTypeException } from '@nestjs/common';
import { MAX_XML_BYTES, WechatPayNotificationError } from 'wechatpay-core';

/** What the two HTTP adapters call a request, as far as its body goes. */
interface IncomingRequest {
  /** Of Nest's `rawBody: true`, of `express-xml-bodyparser`, and of serverless hosts. */
  readonly rawBody?: unknown;
  readonly body?: unknown;
  /** Of Fastify. */
  readonly raw?: Readable;
}

/**
 * The bytes of a request's body, whoever has read it: nobody (Nest parses JSON and forms only), or a parser of the application that
 * leaves a text or bytes.
 *
 * @throws {WechatPayNotificationError} more than 64 KiB, of which no more is kept.
 * @throws {Error} a parser has read it and left neither; or the connection has ended.
 */
export async function readRawBody(request: IncomingRequest): Promise<Uint8Array | string> {
  const kept = [request.rawBody, request.body].find(isRaw);
  if (kept !== undefined) return kept;
  const stream = request.body instanceof Readable ? request.body : (request.raw ?? (request as Readable));
  if (stream.readableDidRead) {
    throw new Error(
      'A body parser of the application has read this notification and kept neither its text nor its bytes, so that its signature ' +
        'cannot be checked. Exempt this route from the parser, or let it set rawBody.',
    );
  }
  const chunks: Buffer[] = [];
  let length = 0;
  // To its end, also where it is too long: an answer that comes before is lost with the connection.
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > ENDLESS_BYTES) throw new WechatPayNotificationError('malformed', 'it has no end.'); // which closes the connection
    if (length <= MAX_XML_BYTES) chunks.push(chunk);
  }
  if (length > MAX_XML_BYTES) throw new WechatPayNotificationError('malformed', 'it has more than 64 KiB.');
  return Buffer.concat(chunks);
}

function isRaw(body: unknown): body is Uint8Array | string {
  return typeof body === 'string' || body instanceof Uint8Array;
}

/** Whoever sends more than this is not answered. */
const ENDLESS_BYTES = 8 * 1024 * 1024;

/** The part of a Fastify instance that is used here. */
export interface FastifyLike {
  hasContentTypeParser(type: string): boolean;
  addContentTypeParser(
    type: string,
    parser: (request: FastifyRequest, payload: unknown, done: (error: Error | null, body?: unknown) => void) => void,
  ): void;
  addHook(name: 'onRoute', hook: (route: FastifyRoute) => void): void;
}

/** In the `config` that each route of Fastify has: that its body is kept unread. */
const UNREAD = 'wechatpay:unread';

interface FastifyRoute {
  readonly config?: { readonly [UNREAD]?: unknown } | undefined;
  onRequest?: unknown;
}

interface FastifyRequest {
  readonly raw: { headers: NodeJS.Dict<unknown> };
  readonly routeOptions: FastifyRoute;
}

type OnRequest = (request: FastifyRequest, reply: unknown, done: () => void) => void;

/** Marks a route for {@link keepBodiesUnread}. What `@RouteConfig()` of @nestjs/platform-fastify does, without the dependency. */
export const KeepBodyUnread = (): MethodDecorator => SetMetadata('__fastify_route_config__', { [UNREAD]: true });

const isMarked = ({ config }: FastifyRoute): boolean => config?.[UNREAD] === true;

// Nobody sends it: on every other route the application's own parsers, or 415, stay as they are.
const ANY_CONTENT = 'application/x-wechatpay-notification';

/**
 * Lets Fastify hand over the bodies of the marked routes unread, whatever their content type. Fastify would answer 415 to XML, and to a
 * body without a content type. To be called before the routes are registered.
 */
export function keepBodiesUnread(fastify: FastifyLike): void {
  if (fastify.hasContentTypeParser(ANY_CONTENT)) return; // a second registration of the module
  fastify.addContentTypeParser(ANY_CONTENT, (request, payload, done) => {
    if (isMarked(request.routeOptions)) done(null, payload);
    else done(new UnsupportedMediaTypeException()); // as to what no parser takes
  });
  const asAnyContent: OnRequest = ({ raw }, _, done) => {
    raw.headers['content-type'] = ANY_CONTENT;
    done();
  };
  fastify.addHook('onRoute', (route) => {
    if (isMarked(route)) route.onRequest = [route.onRequest ?? [], asAnyContent].flat();
  });
}
