import type { Output } from '../io.js';
import type { Environment } from 'wechatpay-core';
import picocolors from 'picocolors';

export type Colors = ReturnType<typeof picocolors.createColors>;

/** Colours where a terminal shows them, and nobody said no: NO_COLOR is the convention. */
export function colorsFor(output: Output, env: Environment): Colors {
  return picocolors.createColors(output.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb');
}
