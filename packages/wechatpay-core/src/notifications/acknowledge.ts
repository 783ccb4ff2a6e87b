/** An HTTP response to a notification. Send all three: a framework's own status (201) or content type is not an acknowledgement. */
export interface NotificationResponse {
  readonly status: 200;
  readonly headers: { readonly 'Content-Type': 'text/xml; charset=utf-8' };
  /** One line: some report that one with line breaks is not understood. */
  readonly body: string;
}

/**
 * Why a notification is not taken. Each has fixed words: nothing of an error can go out with them.
 *
 * - `unavailable`: it could not be stored now.
 * - `invalid`: it is not believed.
 * - `unknown-order`: there is no such order, or not yet.
 */
export type RefusalReason = keyof typeof WORDS;

const WORDS = {
  unavailable: 'Temporarily unavailable',
  invalid: 'Invalid notification',
  'unknown-order': 'Unknown order',
} as const;

/**
 * What WeChat Pay expects for a notification that is stored: it is not sent again. Also for a copy, and for one that says that nothing
 * was paid. Answer within 5 s, and after it is stored: what is acknowledged and lost is not repeated.
 *
 * @example
 * const { status, headers, body } = acknowledge();
 * response.writeHead(status, headers).end(body);
 */
export function acknowledge(): NotificationResponse {
  return answer('SUCCESS', 'OK');
}

/**
 * What makes WeChat Pay send a notification again: after 15 s, 15 s, 30 s, 3 min and so on, 15 times in 24 hours.
 *
 * @param reason one of the three words; anything else counts as `unavailable`, so that no error's text goes out.
 * @default 'unavailable'
 */
export function refuse(reason: RefusalReason = 'unavailable'): NotificationResponse {
  return answer('FAIL', Object.hasOwn(WORDS, reason) ? WORDS[reason] : WORDS.unavailable);
}

function answer(code: 'SUCCESS' | 'FAIL', message: string): NotificationResponse {
  return {
    status: 200,
    headers: { 'Content-Type': 'text/xml; charset=utf-8' },
    body: `<xml><return_code><![CDATA[${code}]]></return_code><return_msg><![CDATA[${message}]]></return_msg></xml>`,
  };
}
