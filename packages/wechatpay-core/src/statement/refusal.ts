import { decodeXml, encodeXml } from '../call/xml.js';
import { quoted } from '../call/untrusted-text.js';
import type { WechatPayStatementError } from '../errors.js';
import { statementError } from './problems.js';

/**
 * What came in place of a statement: XML, with HTTP 200, unsigned, and plain also where gzip was asked for.
 *
 * @see https://pay.weixin.qq.com/doc/global/v2/en/4013665024 (Download statement)
 */
export function describeRefusal(document: string): WechatPayStatementError {
  let fields: Readonly<Record<string, string>>;
  try {
    fields = decodeXml(document);
  } catch (cause) {
    const what = 'the answer is neither a statement nor a refusal of WeChat Pay.';
    return statementError('malformed', what, { received: document }, cause);
  }
  // Some proxy may answer with our own request.
  const received = encodeXml({ ...fields, sign: undefined, nonce_str: undefined });
  const said = fields.return_msg ?? fields.retmsg ?? '';
  const code = fields.error_code ?? fields.err_code ?? '';
  const details = { received, errorCode: code === '' ? said : code };
  const what = `the gateway answered ${quoted(said)}${code === '' ? '' : ` (${quoted(code, 32)})`}, unsigned.`;
  // The code 20002 is that of both.
  if (CREATING.test(said)) return statementError('not-ready', what, details);
  if (NO_STATEMENT.test(said) || code === '20002') return statementError('no-statement', what, details);
  return statementError('refused', what, { ...details, ...(PASSING.test(said) && { advice: 'retry-later' }) });
}

const CREATING = /bill creating/i;
const NO_STATEMENT = /no bill exist/i;
const PASSING = /system.?error|gzip error|频率限制|frequency.?limit/i;
