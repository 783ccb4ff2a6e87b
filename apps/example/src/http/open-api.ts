import { applyDecorators } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import {
  ApiBearerAuth,
  ApiParam,
  ApiResponse,
  DocumentBuilder,
  SwaggerModule,
  type ApiResponseOptions,
  type OpenAPIObject,
} from '@nestjs/swagger';
import { z } from 'zod';
import { health } from '../health/health.schemas.js';
import {
  orderAnswer,
  orderParams,
  payRequest,
  problem,
  refundAnswer,
  refundRequest,
  reverseAnswer,
  reverseRequest,
  tillOrder,
} from '../orders/orders.schemas.js';
import { redriveRequest, durableOrder } from '../orders/durable-orders.schemas.js';
import { HTTP_ANSWERS } from './wechatpay-error.filter.js';

type SchemaObject = Extract<ApiResponseOptions, { schema: unknown }>['schema'];

/** Nest's own shape, for what fails before a controller is reached. */
const httpError = z.strictObject({ statusCode: z.number(), message: z.string(), error: z.string().optional() });

const SCHEMAS = {
  PayRequest: payRequest,
  TillOrder: tillOrder,
  OrderResult: orderAnswer,
  RefundRequest: refundRequest,
  RefundResult: refundAnswer,
  ReverseRequest: reverseRequest,
  ReverseResult: reverseAnswer,
  Reversal: durableOrder,
  RedriveRequest: redriveRequest,
  Problem: problem,
  Health: health,
  HttpError: httpError,
};

/** The document behind /docs and /docs-json. */
export function describeApi(app: NestExpressApplication): OpenAPIObject {
  const settings = new DocumentBuilder()
    .setTitle('WeChat Pay example')
    .setDescription(
      'Takes, refunds and reverses payments. The status tells about the money. **200**: done, unless `recall` is true. **4xx**: ' +
        'this call moved none. **503**: nothing was sent. **502** and **504**: it may have happened; query the order, or ' +
        'send the same call again.',
    )
    .setVersion('1')
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'TILL_TOKEN, or what the start printed.' })
    .build();
  const document = SwaggerModule.createDocument(app, settings);
  const schemas = Object.entries(SCHEMAS).map(([name, schema]) => [name, toOpenApi(schema)] as const);
  return { ...document, components: { ...document.components, schemas: Object.fromEntries(schemas) } };
}

/** A schema of the document, by its name there. */
export function schemaNamed(name: keyof typeof SCHEMAS): { $ref: string } {
  return { $ref: `#/components/schemas/${name}` };
}

export function ApiOrderNumber(): MethodDecorator {
  return ApiParam({ name: 'outTradeNo', schema: toOpenApi(orderParams.shape.outTradeNo) });
}

const REFUSALS: Readonly<Record<number, string>> = {
  400: 'The body is not valid JSON, or the path is not valid UTF-8.',
  401: 'The token is missing or wrong.',
  403: 'A page of another site sent this.',
  415: 'The body does not say that it is JSON (content-type).',
  421: 'The Host header is not a name of this server.',
};

/** Documents a route that changes something: it wants the token, and what fails before a controller is reached moved no money. */
export function ApiGuarded(): MethodDecorator {
  const schema = schemaNamed('HttpError');
  return applyDecorators(
    ApiBearerAuth(),
    ...Object.entries(REFUSALS).map(([status, description]) =>
      ApiResponse({ status: Number(status), description, schema }),
    ),
  );
}

/** Documents each status of the table of errors, and what it stands for. */
export function ApiProblems(): MethodDecorator {
  const statuses = [...new Set(HTTP_ANSWERS.map(({ status }) => status))].sort();
  return applyDecorators(
    ...statuses.map((status) => {
      const answers = HTTP_ANSWERS.filter((answer) => answer.status === status);
      const description = answers.map(({ when, remedy }) => `- ${when}. *${remedy}*`).join('\n');
      // Of the unknown ones, those with recall.
      const waits = answers.some(
        ({ of, retryAfterSeconds }) => retryAfterSeconds !== undefined || of.outcome === 'unknown',
      );
      const headers = {
        'Retry-After': { description: 'Seconds, where waiting helps.', schema: { type: 'integer' as const } },
      };
      return ApiResponse({ status, description, schema: schemaNamed('Problem'), ...(waits && { headers }) });
    }),
  );
}

/** What zod checks, as OpenAPI 3.0 shows it. */
export function toOpenApi(schema: z.ZodType): SchemaObject {
  return z.toJSONSchema(schema, {
    target: 'openapi-3.0',
    io: 'input',
    // The format says it; the pattern behind a date-time is a page long.
    override: ({ jsonSchema }) => {
      if (jsonSchema.format !== undefined) delete jsonSchema.pattern;
    },
  }) as SchemaObject;
}
