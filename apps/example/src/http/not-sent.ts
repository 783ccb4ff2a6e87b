import { ServiceUnavailableException } from '@nestjs/common';

/** Of a call that sent nothing, and says so: whoever reads an answer of 500 and above without that has to take it for unknown. */
export function notSent(message: string): ServiceUnavailableException {
  return new ServiceUnavailableException({
    statusCode: 503,
    message,
    error: 'Service Unavailable',
    outcome: 'not-sent',
  });
}
