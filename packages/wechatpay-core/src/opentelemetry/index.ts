// An entry of its own, so that @opentelemetry/api stays optional.
export { CALL_INSTRUMENTS, createInstruments, type Instrument } from './instruments.js';
export { observeCalls, type ObservedClients } from './observe-calls.js';
export { readObserveOptions, type ObserveOptions } from './options.js';
