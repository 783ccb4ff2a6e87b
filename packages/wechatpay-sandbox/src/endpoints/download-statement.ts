import type { Refusal } from '../gateway/refusal.js';
import { xml, type Answer } from '../http/answer.js';
import type { StatementType } from '../statement/editions.js';
import { beijingMidnight } from '../statement/beijing-day.js';
import { entriesOf } from '../statement/entries.js';
import { commonFields, type Call, type Endpoint, type Verdict } from './endpoint.js';
import { subMerchantOf } from './find-order.js';

const hourMs = 60 * 60 * 1_000;
const dayMs = 24 * hourMs;
const keptMs = 92 * dayMs;

/**
 * Download statement: the movements of one day of Beijing, as text or gzip, unsigned. From 9:00 of the next day it is being made, from
 * 10:00 it is there. Refusals are XML with HTTP 200, unsigned and never packed.
 *
 * @see {@link https://pay.weixin.qq.com/doc/global/v2/en/4013665024 | Download statement}
 */
export const downloadStatement: Endpoint = {
  path: '/pay/downloadbill',
  hasRecall: false,
  isOfWholeInstitution: true,
  fields: {
    ...commonFields,
    bill_date: { maxLength: 8, required: true },
    bill_type: { maxLength: 8 },
    tar_type: { maxLength: 8 },
  },
  unsignedRefusal: (refusal) => ({ return_code: 'FAIL', return_msg: messageOf(refusal), error_code: '20001' }),
  judge(call) {
    const { bill_date: date = '', bill_type: type = '', tar_type: packing = '' } = call.fields;
    const from = beijingMidnight(date);
    if (Number.isNaN(from) || !['', 'GZIP'].includes(packing)) return refused('data format error', '20001');
    if (!isType(type)) return refused('invalid bill_type', '20001');
    const age = call.clock.now() - (from + dayMs);
    if (age < 9 * hourMs || age > keptMs) return refused('No Bill Exist', '20002');
    if (age < 10 * hourMs) return refused('Bill Creating', '20002');
    return statement(call, from, type === '' ? 'ALL' : type);
  },
};

function statement(call: Call, from: number, type: StatementType): Verdict {
  const { fields, merchant, ledger, orders, statements } = call;
  const subMerchantId = subMerchantOf(fields);
  const extract = { merchantId: merchant.merchantId, subMerchantId, from, until: from + dayMs, type };
  const entries = entriesOf(ledger, orders, extract, statements.style.reversals);
  if (entries.length === 0 && statements.style.emptyDay === 'no-statement') return refused('No Bill Exist', '20002');
  const day = fields.bill_date ?? '';
  const answer = statements.write(entries, {
    type,
    appId: merchant.appId,
    gzip: fields.tar_type === 'GZIP',
    fileName: `${merchant.merchantId}All${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}.csv`,
  });
  return { answer, what: `a statement of ${entries.length} rows` };
}

function refused(message: string, code: string): Verdict {
  const answer: Answer = xml({ return_code: 'FAIL', return_msg: message, error_code: code });
  return { answer, what: `${code} (${message})` };
}

/** The texts that programs know of this endpoint. */
function messageOf({ errorCode, message }: Refusal): string {
  if (errorCode === 'SIGNERROR') return 'SIGN ERROR';
  return message.endsWith(' is required') ? 'missing parameter' : message;
}

function isType(type: string): type is StatementType | '' {
  return ['', 'ALL', 'SUCCESS', 'REFUND', 'REVOKED'].includes(type);
}
