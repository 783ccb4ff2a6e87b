/** The port is no port, or cannot be had. */
export class PortError extends Error {
  /** Puts into words why listening failed; what is not about the port stays as it is. */
  static from(error: unknown, port: number): unknown {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE') return new PortError(`PORT: ${port} is taken; set another one, or 0 for any free one.`);
    if (code === 'EACCES') return new PortError(`PORT: ${port} needs more rights; set one above 1023.`);
    return error;
  }
}

/**
 * @param value what the environment says: 3000 where it says nothing, a free port of the system for 0.
 * @throws {PortError} what is no port.
 */
export function readPort(value = ''): number {
  if (value === '') return 3000;
  const port = /^\d{1,5}$/.test(value) ? Number(value) : NaN;
  if (!(port <= 65_535)) throw new PortError(`PORT: must be a number from 0 to 65535, not ${JSON.stringify(value)}.`);
  return port;
}
