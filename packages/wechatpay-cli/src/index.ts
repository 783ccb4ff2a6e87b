// The whole public API: the program as a function, for tests and for programs that wrap it.
export { run } from './run.js';
export { SCHEMA } from './schema.js';
export { EXIT_CODES, type ExitCode } from './exit-codes.js';
export { type Io, type Output } from './io.js';
