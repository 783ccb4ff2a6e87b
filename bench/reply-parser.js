import { XMLParser } from 'fast-xml-parser';

/** As wechatpay-core sets it up: what reading a reply costs before anything is checked. */
export const parser = new XMLParser({
  preserveOrder: true,
  jPath: false,
  cdataPropName: '#cdata',
  parseTagValue: false,
  trimValues: false,
  processEntities: false,
});
