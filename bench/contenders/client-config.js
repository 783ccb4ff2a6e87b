import { merchant } from '../documents.js';

/** As the README sets a client up, for the local gateway. */
export function clientConfig({ port, ca, pfxFile }) {
  return { ...merchant, certificate: { pfx: pfxFile }, ca, baseUrl: `https://127.0.0.1:${port}` };
}
