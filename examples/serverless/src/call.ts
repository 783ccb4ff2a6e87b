// node call.js FUNCTION [JSON]: one call in a process of its own, as after a cold start. It ends by itself: nothing was left open.
import * as functions from './functions.js';

const [, , name = '', event = '{}'] = process.argv;
const called = (functions as unknown as Record<string, ((event: unknown) => Promise<functions.Answer>) | undefined>)[
  name
];
if (!called) throw new Error(`Functions: ${Object.keys(functions).join(', ')}`);
console.log(JSON.stringify(await called(JSON.parse(event))));
