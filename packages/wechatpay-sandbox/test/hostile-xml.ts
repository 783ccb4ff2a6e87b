const bytes = (text: string): Buffer => Buffer.from(text);
const bomb = '<!DOCTYPE xml [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>';

/** Bodies that are no flat XML document, and what the gateway says of each. */
export const hostileXml: { name: string; body: Buffer; problem: string }[] = [
  { name: 'nothing', body: bytes(''), problem: 'the body is not well-formed XML' },
  { name: 'plain text', body: bytes('hello'), problem: 'the body is not well-formed XML' },
  { name: 'JSON', body: bytes('{"appid":"wx1"}'), problem: 'the body is not well-formed XML' },
  { name: 'an unclosed field', body: bytes('<xml><a>1</xml>'), problem: 'the body is not well-formed XML' },
  { name: 'half a document', body: bytes('<xml><a>1</a>'), problem: 'the body is not well-formed XML' },
  { name: 'two roots', body: bytes('<xml></xml><xml></xml>'), problem: 'the body is not well-formed XML' },
  {
    name: 'an unclosed CDATA',
    body: bytes('<xml><a><![CDATA[1</a></xml>'),
    problem: 'the body is not well-formed XML',
  },
  { name: 'a NUL', body: bytes('<xml><a>\0</a></xml>'), problem: 'the body is not well-formed XML' },
  { name: 'a NUL by number', body: bytes('<xml><a>&#0;</a></xml>'), problem: 'the body is not well-formed XML' },
  { name: 'an undefined entity', body: bytes('<xml><a>&b;</a></xml>'), problem: 'the body is not well-formed XML' },
  {
    name: 'an inherited entity',
    body: bytes('<xml><a>&toString;</a></xml>'),
    problem: 'the body is not well-formed XML',
  },
  { name: 'a DOCTYPE', body: bytes('<!DOCTYPE xml><xml></xml>'), problem: 'a DOCTYPE is refused' },
  {
    name: 'an external entity',
    body: bytes('<!DOCTYPE xml [<!ENTITY x SYSTEM "file:///etc/passwd">]><xml><a>&x;</a></xml>'),
    problem: 'a DOCTYPE is refused',
  },
  { name: 'an entity bomb', body: bytes(`${bomb}<xml><a>&b;</a></xml>`), problem: 'a DOCTYPE is refused' },
  { name: 'another root', body: bytes('<html><a>1</a></html>'), problem: 'the root element is not <xml>' },
  { name: 'nesting', body: bytes('<xml><a><b>1</b></a></xml>'), problem: 'a field holds another element' },
  { name: 'deep nesting', body: bytes('<xml>'.repeat(10_000)), problem: 'a field holds another element' },
  { name: 'a field twice', body: bytes('<xml><a>1</a><a>2</a></xml>'), problem: 'a field is given twice' },
  { name: 'stray text', body: bytes('<xml>1<a>1</a></xml>'), problem: 'there is text outside the fields' },
  { name: 'an attribute', body: bytes('<xml><a b="1">1</a></xml>'), problem: 'an attribute is refused' },
  { name: 'an instruction', body: bytes('<xml><?php x ?></xml>'), problem: 'a processing instruction is refused' },
  {
    name: 'another encoding',
    body: bytes('<?xml version="1.0" encoding="GBK"?><xml/>'),
    problem: 'the encoding is not UTF-8',
  },
  { name: 'bytes that are no UTF-8', body: Buffer.from([0x3c, 0xff, 0xfe]), problem: 'the body is not UTF-8' },
];
