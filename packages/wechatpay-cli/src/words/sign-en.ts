import type { SignWords } from './words.js';

export const signEn: SignWords = {
  noInput: 'Give a file, or the text on the standard input, as in: wechatpay doctor sign request.xml',
  unreadable: (file, code) => `The file ${file} cannot be read (${code}).`,
  noFields:
    'No fields are found in it. Give the XML as it was sent or received, the log line that holds it, or its fields as JSON.',
  noSign: 'It has no sign. A reply with return_code FAIL is not signed; everything else is.',
  maskedSign: 'Its sign is masked: take it from where it is whole, as from the request itself.',
  keyProblem: 'Set WECHATPAY_API_KEY to the API key (v2): with it, the signature is made again. It is not shown.',
  holds: (signType) => `The signature holds (${signType}): it was made with this key, of these fields.`,
  string: 'Text to sign',
  causes: {
    'other-algorithm': (signType) => [
      `It was made with ${signType}, and sign_type says the other.`,
      'Sign with the algorithm that sign_type names. A reply is signed with the algorithm of its request.',
    ],
    'sign-type-not-sent': (signType) => [
      `It was made with ${signType}, and the request has no sign_type, which means MD5.`,
      'Send sign_type, and sign it with the others; or sign with MD5.',
    ],
    'lower-case': () => ['It is in lower case.', 'Write the digest in upper case.'],
    'key-white-space': (detail) => [
      `It was made with the API key and more: ${detail}.`,
      'Take white space, quotes and invisible characters off the key where it is read.',
    ],
    'key-case': (detail) => [`It was made with the API key in ${detail}.`, 'Use the key to the letter.'],
    'key-left-out': () => ['The API key was not appended.', 'Sign the fields, then &key= and the API key.'],
    'field-not-signed': (detail) => [
      `It was made without ${detail}.`,
      'Sign every field that is sent, sign_type and nonce_str too, and add none afterwards.',
    ],
    'empty-signed': (detail) => [
      `It was made with an empty field: ${detail}.`,
      'Leave empty fields out of what is signed, and sign itself.',
    ],
    'white-space-trimmed': (detail) => [
      `White space of ${detail} was changed between signing and sending, or on receipt.`,
      'Sign what is sent, to the letter. A parser of XML must not trim values.',
    ],
    'number-form': (detail) => [
      `A number was written in another form when it was signed: ${detail}.`,
      'Keep values as texts. Amounts are whole numbers of the minor unit; a transaction ID of 28 digits is no number.',
    ],
    escaped: (detail) => [
      `${detail} was signed as it is escaped in the document.`,
      'Sign the value itself, and escape it afterwards.',
    ],
    'url-encoded': (detail) => [
      `${detail} was signed URL-encoded, or decoded.`,
      'Sign the value itself, without any encoding.',
    ],
    encoding: (detail) => [`The text was signed in another encoding: ${detail}.`, 'Sign and send UTF-8.'],
    order: (detail) => [
      `The fields were not sorted by their ASCII codes: ${detail}.`,
      'Sort the names by their bytes: upper case before lower case.',
    ],
    'plain-sha256': () => [
      'It is a SHA-256 of the text, and not an HMAC.',
      'Use HMAC-SHA256 with the API key as its key.',
    ],
    'sign-form': (detail) => [
      `A sign has 32 hexadecimal characters (MD5) or 64 (HMAC-SHA256); this one has ${detail} characters.`,
      'Look at how it is made and copied; base64 is not taken.',
    ],
    'not-found': () => [
      'No way of writing these fields gives this signature with this API key.',
      'Compare the key with the Merchant Platform (wechatpay doctor); then look for a value that was changed after signing, or a field that is not here.',
    ],
  },
};
