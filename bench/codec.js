// sign, verify, encode and decode, ours and the peers', beside the bare hash of the same bytes. In a process of its own.
import { createRequire } from 'node:module';
import { do_not_optimize, measure } from 'mitata';
import { decodeXml, encodeXml, signFields, verifySignature } from 'wechatpay-core';
import Tenpay from 'tenpay';
import { Hash, Transformer } from 'wechatpay-axios-plugin';
import { parser } from './reply-parser.js';
import { bareHash, merchant, replyFields, requestFields, signedText, toXml } from './documents.js';
import { median, ratio } from './stats.js';
import { serve } from './worker.js';

const tenpayXml = createRequire(import.meta.url)('tenpay/lib/util.js');
const tenpay = new Tenpay({ appid: merchant.appId, mchid: merchant.merchantId, partnerKey: merchant.apiKey });
const { apiKey } = merchant;

serve(() => ({ measure: measureCodec }));

/**
 * A list of `{ task, who, micros, timesBare }`; `timesBare` compares with the task's `bare` of the same round.
 */
async function measureCodec({ codecRounds, codecMs }) {
  const figures = [];
  for (const [task, functions] of Object.entries({ ...tasks('HMAC-SHA256'), ...tasks('MD5') })) {
    const micros = Object.fromEntries(Object.keys(functions).map((who) => [who, []]));
    for (let round = 0; round < codecRounds; round += 1) {
      for (const [who, run] of Object.entries(functions)) {
        const { p50 } = await time(run, codecMs);
        micros[who].push(p50 / 1000);
      }
    }
    for (const [who, values] of Object.entries(micros)) {
      figures.push({ task, who, micros: median(values), timesBare: ratio(values, micros.bare) });
    }
  }
  return figures;
}

async function time(run, ms) {
  const isAsync = run() instanceof Promise; // an `await` of what is no promise would be charged for
  const measured = isAsync ? async () => do_not_optimize(await run()) : () => do_not_optimize(run());
  return measure(measured, { min_cpu_time: ms * 1e6 });
}

function tasks(signType) {
  const request = requestFields(signType);
  const reply = replyFields(signType);
  const text = encodeXml(request);
  const bytes = Buffer.from(toXml(reply)); // what arrives is bytes; the peers' clients make a string of them first
  return {
    [`sign, ${signType}`]: {
      bare: bare(signedText(request), signType),
      'wechatpay-core': () => signFields(request, apiKey, signType),
      tenpay: () => tenpay._getSign(request, signType),
      'wechatpay-axios-plugin': () => Hash.sign(signType, request, apiKey),
    },
    [`verify, ${signType}`]: {
      bare: bare(signedText(reply), signType),
      'wechatpay-core': () => verifySignature(reply, apiKey, signType),
      tenpay: () => reply.sign === tenpay._getSign(reply, signType),
      'wechatpay-axios-plugin': () => Hash.equals(Hash.sign(signType, reply, apiKey), reply.sign),
    },
    [`encode a request, ${signType}`]: {
      bare: bare(text, signType),
      'wechatpay-core': () => encodeXml(request),
      tenpay: () => tenpayXml.buildXML(request),
      'wechatpay-axios-plugin': () => Transformer.toXml(request),
    },
    [`decode a reply, ${signType}`]: {
      bare: bare(bytes, signType),
      'fast-xml-parser': () => parser.parse(bytes.toString()),
      'wechatpay-core': () => decodeXml(bytes),
      tenpay: () => tenpayXml.parseXML(bytes.toString()),
      'wechatpay-axios-plugin': () => Transformer.toObject(bytes.toString()),
    },
  };
}

function bare(text, signType) {
  return () => bareHash(text, signType);
}
