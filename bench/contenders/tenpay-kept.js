// As tenpay.js, with the agent of its HTTP client replaced. It has no option for that: this reaches into a dependency of it,
// as an application can that depends on the same version.
import { Agent } from 'node:https';
import { createRequire } from 'node:module';
import { open as openTenpay } from './tenpay.js';

export function open(settings) {
  const urllib = createRequire(import.meta.resolve('tenpay'))('urllib/lib/urllib.js');
  urllib.httpsAgent = new Agent({ keepAlive: true, maxSockets: 64 });
  return openTenpay(settings);
}
