// Before anything is measured: does every contender do the work? A fast wrong answer is no answer.
import { bareHash, signedText } from './documents.js';

/** Whether each contender refuses a reply whose signature does not hold, by name. Throws at a wrong request or result. */
export async function checkContenders(gateway, workers) {
  const refusesForgery = {};
  for (const [name, worker] of Object.entries(workers)) {
    await gateway.ask('turnOf', { who: worker.id });
    if (!(await worker.ask('isReversed'))) throw new Error(`${name}: the result is not what the gateway answered.`);
    assertSigned(name, await gateway.ask('lastBody'));

    await gateway.ask('spoil', { spoiled: true });
    refusesForgery[name] = await worker.ask('isReversed').then(
      () => false,
      () => true,
    );
    await gateway.ask('spoil', { spoiled: false });
  }
  return refusesForgery;
}

function assertSigned(name, body) {
  const fields = {};
  for (const [, field, cdata, text] of body.matchAll(/<(\w+)>(?:<!\[CDATA\[(.*?)\]\]>|([^<]*))<\/\1>/g)) {
    fields[field] = cdata ?? text;
  }
  const signType = fields.sign_type ?? 'MD5';
  if (fields.sign !== bareHash(signedText(fields), signType).toUpperCase()) {
    throw new Error(`${name}: the signature of the request does not hold: ${body}`);
  }
}
