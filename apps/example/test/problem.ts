import { expect } from 'vitest';
import { WECHATPAY_PROBLEM_SCHEMA, type WechatPayProblem } from 'nestjs-wechatpay';

/** A body that is as the OpenAPI page shows a problem. */
export function readProblem(body: unknown): WechatPayProblem {
  const names = Object.keys(body as object);
  expect(names).toEqual(expect.arrayContaining(WECHATPAY_PROBLEM_SCHEMA.required));
  expect(Object.keys(WECHATPAY_PROBLEM_SCHEMA.properties)).toEqual(expect.arrayContaining(names));
  return body as WechatPayProblem;
}
