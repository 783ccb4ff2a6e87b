// An entry of its own: what it needs of @opentelemetry/api are types alone, and who does not import it needs none of it.
export { CALL_INSTRUMENTS, createInstruments, type Instrument } from './instruments.js';
export { observeCalls, type ObservedClients } from './observe-calls.js';
export { readObserveOptions, type ObserveOptions } from './options.js';
