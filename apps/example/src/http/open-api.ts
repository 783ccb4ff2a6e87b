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
import { WECHATPAY_PROBLEM_SCHEMA, wechatPayProblemResponses } from 'nestjs-wechatpay';
import { z } from 'zod';
import { checkoutOrder, checkoutRequest } from '../checkout/checkout.schemas.js';
import { acknowledgeRequest, day } from '../day/day.schemas.js';
import { health } from '../health/health.schemas.js';
import {
  orderAnswer,
  orderParams,
  payRequest,
  refundRequest,
  reverseAnswer,
  reverseRequest,
  tillOrder,
  tillRefund,
} from '../orders/orders.schemas.js';
import { durableOrder, noteRequest, redriveRequest, refundRedriveRequest } from '../orders/durable-orders.schemas.js';

type SchemaObject = Extract<ApiResponseOptions, { schema: unknown }>['schema'];

/** Nest's own shape, for what fails before a controller is reached. */
const httpError = z.strictObject({
  statusCode: z.number(),
  message: z.string(),
  error: z.string().optional(),
  outcome: z.literal('not-sent').optional().meta({ description: 'With 503: nothing was sent.' }),
});

const SCHEMAS = {
  PayRequest: payRequest,
  TillOrder: tillOrder,
  CheckoutRequest: checkoutRequest,
  CheckoutOrder: checkoutOrder,
  Day: day,
  AcknowledgeRequest: acknowledgeRequest,
  OrderResult: orderAnswer,
  RefundRequest: refundRequest,
  TillRefund: tillRefund,
  ReverseRequest: reverseRequest,
  ReverseResult: reverseAnswer,
  Reversal: durableOrder,
  RedriveRequest: redriveRequest,
  RefundRedriveRequest: refundRedriveRequest,
  NoteRequest: noteRequest,
  Health: health,
  HttpError: httpError,
};

/** The document behind /docs and /docs-json. */
export function describeApi(app: NestExpressApplication): OpenAPIObject {
  const settings = new DocumentBuilder()
    .setTitle('WeChat Pay example')
    .setDescription(
      'Takes, refunds and reverses payments. The status tells about the money. **200**: done, unless `recall` is true. **4xx**: ' +
        'this call moved none. **503**: nothing was sent. **500**, **502** and **504**: by `outcome`, it may have happened; query the ' +
        'order, or send the same call again.',
    )
    .setVersion('1')
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'TILL_TOKEN, or what the start printed.' })
    .build();
  const document = SwaggerModule.createDocument(app, settings);
  const schemas = Object.entries(SCHEMAS).map(([name, schema]) => [name, toOpenApi(schema)] as const);
  const all = { ...Object.fromEntries(schemas), Problem: WECHATPAY_PROBLEM_SCHEMA };
  return { ...document, components: { ...document.components, schemas: all } };
}

/** A schema of the document, by its name there. */
export function schemaNamed(name: keyof typeof SCHEMAS | 'Problem'): { $ref: string } {
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

/** Documents a route that is only for looking at, and wants the token all the same. */
export function ApiToken(): MethodDecorator {
  const description = REFUSALS[401] ?? '';
  return applyDecorators(ApiBearerAuth(), ApiResponse({ status: 401, description, schema: schemaNamed('HttpError') }));
}

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

/** Documents what `WechatPayExceptionFilter` answers on these routes, with its examples. */
export function ApiProblems(): MethodDecorator {
  const responses = wechatPayProblemResponses({
    statuses: [409, 422, 500, 502, 503, 504],
    schema: schemaNamed('Problem'),
  });
  return applyDecorators(...responses.map((response) => ApiResponse(response)));
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
