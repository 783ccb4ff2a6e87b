import { StandardSchemaValidationPipe } from '@nestjs/common';
import { WechatPayRequestError } from 'wechatpay-core';

/** Holds parameters and bodies to their schemas. What is wrong is told like the library's own checks, by the same filter. */
export const validationPipe = new StandardSchemaValidationPipe({
  exceptionFactory: ([issue]) => {
    const path = issue?.path?.map((segment) => String(typeof segment === 'object' ? segment.key : segment)) ?? [];
    return new WechatPayRequestError(path.join('.') || 'body', issue?.message ?? 'is not as documented.');
  },
});
