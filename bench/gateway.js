// The other end of every call: TLS, mutual for a reversal, and a reply that was signed beforehand. It runs in a process of its own.
//
// It speaks just enough HTTP over node:tls, since node:https would cost it more than the fastest client spends, and then
// the server would be what is measured. A reply depends on the request in nothing but the operation and the algorithm.
import { createHash } from 'node:crypto';
import { createServer } from 'node:tls';
import { QUERY_PATH, queryReplyFields, replyFields, toXml } from './documents.js';
import { serve } from './worker.js';

/** As many with a nonce of their own as no client remembers: the same reply to a call about another order would be a copy. */
const VARIANTS = 2_048;
const SIGNED = httpReplies(replyFields);
const SPOILED = httpReplies((signType, nonce) => ({ ...replyFields(signType, nonce), rate: '650000001' }));
const QUERIED = httpReplies(queryReplyFields);
const QUERY = `POST ${QUERY_PATH} `;
let replies = SIGNED;
let handshakes = 0;
let lastBody;

/** A port with a pace of its own: `delayMs` until an answer; while `held` is a list, answers are kept in it. */
class Entrance {
  delayMs = 0;
  held;
  client;
  #server;

  async open(settings) {
    const options = { ...settings.server, ca: settings.ca, requestCert: true, rejectUnauthorized: false };
    this.#server = createServer(options, (socket) => converse(socket, this));
    this.#server.on('secureConnection', () => {
      handshakes += 1;
    });
    await new Promise((resolve) => this.#server.listen(0, '127.0.0.1', 1024, resolve));
    return this.#server.address().port;
  }

  release() {
    const { held = [] } = this;
    this.held = undefined;
    for (const send of held) send();
  }
}

serve((settings) => {
  const main = new Entrance();
  const listening = main.open(settings);
  const entrances = new Map();
  return {
    port: () => listening,
    open: async ({ delayMs }) => {
      const entrance = new Entrance();
      entrance.delayMs = delayMs;
      const port = await entrance.open(settings);
      entrance.client = `port ${port}`;
      entrances.set(port, entrance);
      return port;
    },
    stop: ({ ports }) => {
      for (const port of ports) entrances.get(port).held = [];
    },
    comeBack: ({ ports }) => {
      for (const port of ports) entrances.get(port).release();
    },
    usage: () => {
      const { user, system } = process.cpuUsage();
      return { handshakes, cpuMicros: user + system };
    },
    turnOf: ({ who }) => {
      whose = who;
    },
    lastBody: () => lastBody.toString(),
    delay: ({ ms }) => {
      main.delayMs = ms;
    },
    spoil: ({ spoiled }) => {
      replies = spoiled ? SPOILED : SIGNED;
    },
  };
});

function converse(socket, entrance) {
  let received;
  socket.setNoDelay(true);
  socket.on('error', () => socket.destroy()); // a contender that has ended
  socket.on('data', (chunk) => {
    received = received === undefined ? chunk : Buffer.concat([received, chunk]);
    const headEnd = received.indexOf('\r\n\r\n');
    if (headEnd === -1) return;
    const head = received.latin1Slice(0, headEnd);
    const length = /\r\ncontent-length: *([0-9]+)/i.exec(head);
    // A request without a length would be chunked, which no contender sends.
    if (length === null) socket.destroy();
    else if (received.length >= headEnd + 4 + Number(length[1])) {
      lastBody = received.subarray(headEnd + 4);
      const isQuery = head.startsWith(QUERY);
      // As of the real one, only a reversal demands the merchant's certificate.
      if (!isQuery && !socket.authorized) return socket.destroy();
      const bySignType = isQuery ? QUERIED : replies;
      const reply = next(bySignType[received.includes('HMAC-SHA256', headEnd) ? 'HMAC-SHA256' : 'MD5'], entrance);
      const last = /\r\nconnection: *close/i.test(head);
      received = undefined; // no contender pipelines: what comes next is a new request
      if (entrance.delayMs === 0) answer(entrance, socket, reply, last);
      else setTimeout(answer, entrance.delayMs, entrance, socket, reply, last);
    }
  });
}

function answer(entrance, socket, reply, last) {
  if (entrance.held) entrance.held.push(() => answer(entrance, socket, reply, last));
  else if (socket.destroyed) return;
  else if (last) socket.end(reply);
  else socket.write(reply);
}

function httpReplies(fieldsOf) {
  const variants = (signType) =>
    Array.from({ length: VARIANTS }, (_, index) => {
      const nonce = createHash('md5').update(String(index)).digest('hex').slice(0, 16);
      return httpReply(fieldsOf(signType, nonce));
    });
  return { 'HMAC-SHA256': variants('HMAC-SHA256'), MD5: variants('MD5') };
}

/** How many replies each client was given: the contenders take turns at the main entrance, every other entrance has one client. */
const counts = new Map();
let whose = 'nobody';

/** A reply that this client does not remember. */
function next(variants, { client = whose }) {
  const count = (counts.get(client) ?? 0) + 1;
  counts.set(client, count);
  return variants[count % VARIANTS];
}

function httpReply(fields) {
  const body = toXml(fields);
  const head = ['HTTP/1.1 200 OK', 'content-type: text/xml', `content-length: ${Buffer.byteLength(body)}`];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`);
}
