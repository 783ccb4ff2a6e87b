import { StandardSchemaValidationPipe } from '@nestjs/common';
import { WechatPayRequestError } from 'wechatpay-core';

/** Holds parameters and bodies to their schemas. What is wrong is told like the library's own checks, by the same filter. */
export const validationPipe = new StandardSchemaValidationPipe({
  exceptionFactory: ([issue]) => {
    // zod puts a field that should not be there beside the path.
    const [unknownField] = (issue as { keys?: string[] } | undefined)?.keys ?? [];
    const path = issue?.path?.map((segment) => String(typeof segment === 'object' ? segment.key : segment)) ?? [];
    return new WechatPayRequestError(
      unknownField ?? (path.join('.') || 'body'),
      issue?.message ?? 'is not as documented.',
    );
  },
});
