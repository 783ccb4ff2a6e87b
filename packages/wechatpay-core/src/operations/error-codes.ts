import type { ErrorCodes } from '../advice.js';

export const row = (
  description: string,
  solution: string,
  outcome: ErrorCodes[string]['outcome'],
  advice: ErrorCodes[string]['advice'],
): ErrorCodes[string] => ({ description, reason: description, solution, outcome, advice });

/** The codes that every page lists for a request that is wrong as such. Nothing was done for it. */
export const REQUEST_ERROR_CODES: ErrorCodes = {
  PARAM_ERROR: row('Parameter error', 'Check the parameters', 'rejected', 'fix-request'),
  LACK_PARAMS: row('A required parameter is missing', 'Check the parameters', 'rejected', 'fix-request'),
  SIGNERROR: row('Signature error', 'Check the API key and the signature algorithm', 'rejected', 'fix-request'),
  XML_FORMAT_ERROR: row('XML format error', 'Check the XML', 'rejected', 'fix-request'),
  REQUIRE_POST_METHOD: row('Use post method', 'Submit the data by POST', 'rejected', 'fix-request'),
  POST_DATA_EMPTY: row('The post data is empty', 'Check the post data', 'rejected', 'fix-request'),
  NOT_UTF8: row('The encoding is not UTF-8', 'Encode in UTF-8', 'rejected', 'fix-request'),
  APPID_NOT_EXIST: row('The appid does not exist', 'Check the appid', 'rejected', 'fix-request'),
  MCHID_NOT_EXIST: row('The mch_id does not exist', 'Check the mch_id', 'rejected', 'fix-request'),
  APPID_MCHID_NOT_MATCH: row(
    'appid and mch_id do not match',
    'Check that they belong together',
    'rejected',
    'fix-request',
  ),
  NOAUTH: row('No permission', 'Apply for the permission on the Merchant Platform', 'rejected', 'fix-request'),
  // Also seen for a duplicate of a request that is still being worked on.
  INVALID_REQUEST: row(
    'Invalid request',
    'Check the parameters, and whether it was sent twice',
    'unknown',
    'fix-request',
  ),
};
