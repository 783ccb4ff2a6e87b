// Over 250 lines, as one idea: a call from its request to its result, and what every call of a client shares.
import { brand } from './brand.js';
import { asWechatPayError, clientClosed, describeCall, endOf, orderOf, type Progress } from './call/call-error.js';
import { deliver } from './call/deliver.js';
import { withCommonFields } from './call/common-fields.js';
import { openDownload, type DownloadLimits } from './call/download.js';
import { publishCall, publishLoad } from './call/events.js';
import { readGiven } from './call/given.js';
import { MerchantKey, shareKey, type CallKey } from './call/merchant-key.js';
import { NamelessReplies } from './call/nameless-replies.js';
import { assertUnambiguousRequest, readRequest, type CallOptions, type Operation } from './call/operation.js';
import { assertSameParties, assertSucceeded, readReply, verifyReply, type VerifiedReply } from './call/reply.js';
import type { Fields, SignType } from './call/sign.js';
import { signalOf } from './call/signal.js';
import { timeBy } from './call/time-by.js';
import { encodeXml } from './call/xml.js';
import { resolveConfig, type ResolvedConfig, type WechatPayConfig } from './config.js';
import type { AnyWechatPayError, OrderReference } from './errors.js';
import { readRotation, type KeyRotation } from './rotation.js';
import { CallLimit } from './transport/call-limit.js';
import type { CertificateInfo, LoadedCertificate } from './transport/certificate.js';
import { createHttpsTransport } from './transport/https.js';
import { CallQueue } from './transport/queue/call-queue.js';
import { givenClock, systemClock } from './transport/queue/clock.js';
import type { Flight } from './transport/queue/lane.js';
import type { FlightEnd, QueueChange, QueueState } from './transport/queue/queue-state.js';
import { overloaded, takeTurn } from './transport/queue/take-turn.js';
import { connectThrough, type Connection } from './transport/transport.js';

/** What a client has to do, and how the gateway does. */
export interface ClientLoad extends QueueState {
  readonly maxConnections: number;
  readonly maxQueued: number;
}

/**
 * One merchant's (or institution's) connection to WeChat Pay: signs, sends over mutual TLS, verifies.
 *
 * Operations are functions that take a client, as in `reverseOrder(client, { outTradeNo })`. A client keeps its
 * connections alive: make one, share it, and `close()` it at the end.
 */
export class WechatPayClient {
  static {
    brand(this, 'client');
    shareKey(this, (client) => client.#key);
  }

  readonly appId: string;
  readonly merchantId: string;
  /** `sub_mch_id` of requests that name none: institutional mode. */
  readonly subMerchantId: string | undefined;
  readonly baseUrls: readonly string[];
  /** A call ends by then, in milliseconds, from its beginning to its answer. */
  readonly timeoutMs: number;
  // Private to the language, so that no inspect, JSON or debugger-friendly dump shows the API key.
  readonly #config: Omit<ResolvedConfig, keyof KeyRotation>;
  readonly #connection: Connection;
  readonly #queue: CallQueue;
  readonly #key: MerchantKey;
  readonly #nameless = new NamelessReplies();
  #certificate: LoadedCertificate | undefined;
  #closing: Promise<void> | undefined;

  /** @throws {WechatPayConfigError} the first setting that is missing or wrong. */
  constructor(config: WechatPayConfig) {
    const { apiKey, previousApiKey, certificate, ...others } = resolveConfig(config);
    this.#config = others;
    const { transport, signType, now } = others;
    this.#certificate = certificate;
    this.#key = new MerchantKey({ apiKey, previousApiKey, signType, now });
    const redactor = this.#key.redactor.bind(this.#key);
    this.#connection = transport
      ? connectThrough(transport, redactor)
      : createHttpsTransport({ ...others, certificate }, redactor);
    this.#queue = new CallQueue({
      ...this.#config,
      // A clock of the caller's, as in tests, is the queue's too; else one that nobody sets.
      clock: this.#config.now === Date.now ? systemClock : givenClock(this.#config.now),
      onChange: (change) => {
        publishLoad(() => ({ merchantId: this.merchantId, ...redacted(change, this.#key) }));
      },
    });
    this.appId = this.#config.appId;
    this.merchantId = this.#config.merchantId;
    this.subMerchantId = this.#config.subMerchantId;
    this.baseUrls = this.#config.baseUrls;
    this.timeoutMs = this.#config.timeoutMs;
  }

  /** The API certificate's serial number, subject and validity, of the one that is shown now; undefined with a custom `transport`. */
  get certificate(): CertificateInfo | undefined {
    return this.#certificate?.info;
  }

  /** The client's clock, in milliseconds since 1970. */
  now(): number {
    return this.#config.now();
  }

  /**
   * Makes one signed call, and sends it once: what every operation is built on.
   *
   * The common fields (`appid`, `mch_id`, `nonce_str`, `sign_type`, `sign`, and the config's `sub_appid` and `sub_mch_id`) are
   * added here to those of the operation.
   *
   * @returns the operation's result, read from a verified reply whose `result_code` is SUCCESS.
   * @throws {WechatPayRequestError} a request that cannot be sent; nothing was sent.
   * @throws {WechatPayOverloadedError} it could not leave early enough to be answered; nothing was sent.
   * @throws {WechatPayTransportError} no usable answer; look at `outcome`.
   * @throws {WechatPayResponseError} an answer that is no reply to this request.
   * @throws {WechatPaySignatureError} a reply whose signature does not hold.
   * @throws {WechatPayGatewayError} `return_code` FAIL: unsigned, so its outcome is unknown.
   * @throws {WechatPayBusinessError} `result_code` FAIL, verified.
   */
  async call<Request, Result>(
    operation: Operation<Request, Result>,
    request: Request,
    options?: CallOptions,
  ): Promise<Result> {
    const startedAt = performance.now();
    let order: OrderReference = {};
    let progress: Progress = 'checking';
    const passed: { reply?: VerifiedReply } = {};
    let failure: AnyWechatPayError | undefined;
    let flight: Flight | undefined;
    let waitedMs: number | undefined;
    const limit = new CallLimit();
    try {
      const signal = signalOf(options);
      const given = readGiven(request, operation.properties, 'request');
      order = orderOf(given.values);
      if (given.unknown) throw given.unknown;
      const { path } = operation;
      const { timeoutMs } = this;
      // All of it before its turn: what cannot be sent neither waits nor takes the place of another.
      const { fields, sent, signType, ...prepared } = this.#prepare(operation, given.values as Request);
      let { key, body } = prepared;
      if (this.#closing) throw clientClosed();
      const lane = this.#queue.lane(sent.sub_mch_id ?? this.merchantId, path, operation.isUrgent === true);
      flight = this.#queue.tryLeave(lane);
      if (!flight) {
        flight = await takeTurn(this.#queue, lane, signal, this.#key.redactor());
        waitedMs = performance.now() - startedAt;
        if (!key.isCurrent()) ({ key, body } = this.#sign(sent, signType)); // it was changed meanwhile
      }
      progress = 'sending';
      const left = flight;
      limit.tooLate = () => {
        const refusal = this.#queue.tooLate(left, performance.now() - startedAt);
        return refusal && overloaded(refusal);
      };
      const leftMs = waitedMs === undefined ? undefined : Math.max(1, timeoutMs - waitedMs);
      const response = await deliver(this.#connection, { path, body }, limit, { timeoutMs, leftMs, signal });
      progress = 'answered';
      const verify = (received: Record<string, string>): VerifiedReply => {
        const reply = (passed.reply = verifyReply(received, sent, key, signType));
        this.#nameless.assertNew(received, sent);
        assertSameParties(sent, reply);
        if (operation.isBare !== true || reply.result_code) assertSucceeded(operation.errorCodes, reply, sent);
        return reply;
      };
      if (operation.readAnswer) return operation.readAnswer(response, sent, verify);
      return operation.toResult(verify(readReply(response, sent)), fields);
    } catch (error) {
      failure = describeCall(asWechatPayError(error, progress), operation.name, order);
      throw failure;
    } finally {
      if (flight) this.#end(flight, limit, endOf(failure));
      publishCall(() => ({
        operation: operation.name,
        path: operation.path,
        merchantId: this.merchantId,
        order,
        durationMs: performance.now() - startedAt,
        ...(waitedMs !== undefined && { waitedMs }),
        outcome: failure?.outcome ?? 'succeeded',
        ...(failure && { code: failure.code }),
        ...(failure?.code === 'WECHATPAY_BUSINESS_FAIL' && { errorCode: failure.errorCode }),
        ...(passed.reply?.recall && { recall: passed.reply.recall === 'Y' }),
      }));
    }
  }

  /**
   * Posts one signed request whose answer is no reply but a file of any length: what `downloadStatement` is built on.
   *
   * The common fields are added as by {@link call}. Nothing of the answer is signed. It goes over connections of its own: no call waits
   * behind it, it takes no place of a call, and no limit of calls counts it.
   *
   * @param path as in `/pay/downloadbill`. It shows no client certificate.
   * @param fields by their names on the wire.
   * @returns the bytes as they come, at the head of an answer with HTTP 200.
   * @throws {WechatPayRequestError} fields that cannot be sent; nothing was sent.
   * @throws {WechatPayTransportError} no usable answer; the bytes throw it too, where the connection breaks among them.
   */
  async download(path: string, fields: Fields, limits: DownloadLimits): Promise<AsyncIterable<Uint8Array>> {
    const sent = withCommonFields(this.#config, fields);
    sent.sign = this.#key.sign(sent);
    const body = encodeXml(sent);
    if (this.#closing) throw clientClosed();
    return openDownload(this.#connection, { path, body }, limits);
  }

  /**
   * Checks a request as {@link call} does, all of it, and sends nothing: for what must not be found wrong once something is stored.
   *
   * @throws {WechatPayRequestError} what `call` would throw before the first byte.
   */
  check<Request, Result>(operation: Operation<Request, Result>, request: Request): void {
    let order: OrderReference = {};
    try {
      const values = readRequest(operation, request);
      order = orderOf(values as Record<string, unknown>);
      encodeXml(this.#checked(operation, values).sent);
    } catch (error) {
      throw describeCall(asWechatPayError(error, 'checking'), operation.name, order);
    }
  }

  #prepare<Request, Result>(
    operation: Operation<Request, Result>,
    request: Request,
  ): {
    readonly fields: Fields;
    readonly sent: Record<string, string | null | undefined>;
    readonly signType: SignType;
    readonly key: CallKey;
    readonly body: string;
  } {
    const { fields, sent } = this.#checked(operation, request);
    const signType = operation.isBare === true ? 'MD5' : this.#key.signType; // MD5 where a request names none
    return { fields, sent, signType, ...this.#sign(sent, signType) };
  }

  #sign(sent: Record<string, string | null | undefined>, signType: SignType): { key: CallKey; body: string } {
    const key = this.#key.forCall();
    sent.sign = key.sign(sent, signType);
    return { key, body: encodeXml(sent) };
  }

  /**
   * Changes the API key, the API certificate or both, without a restart and without a failed call: as `setSecureContext` of a `node:tls`
   * server, it holds for what is sent from now on, and existing connections are not interrupted.
   *
   * - Every request is signed with the new key, also one that waits in the queue. What the key in `previousApiKey` signed, replies and
   *   notifications, is accepted as well, until its date by the client's clock. Without `previousApiKey`, the key before is accepted for the
   *   replies to calls that are under way with it, and for nothing else.
   * - New connections show the new certificate. A call under way ends on its connection; then that is closed, and idle ones are at once.
   *
   * Nothing changes where anything is wrong. The same settings again change nothing: it may be called with whatever a vault gives,
   * again and again. Files are read now, and at each such call; they are not watched.
   *
   * @returns whether anything changed.
   * @throws {WechatPayConfigError} what is missing, wrong or unknown: all of it.
   * @example
   * process.on('SIGHUP', () => client.rotate({ certificate: { pfx: '/run/secrets/apiclient_cert.p12' } }));
   * @example
   * const until = new Date(Date.now() + 24 * 60 * 60 * 1000);
   * client.rotate({ apiKey: newKey, previousApiKey: { apiKey: oldKey, until } });
   */
  rotate(rotation: KeyRotation): boolean {
    const current = this.#certificate;
    const now = new Date(timeBy(() => this.now()));
    const { keys, certificate = current } = readRotation(rotation, { merchantId: this.merchantId, now, current });
    const isNew = certificate !== current;
    if (isNew && certificate) {
      this.#connection.rotate?.(certificate);
      this.#certificate = certificate;
    }
    return (keys !== undefined && this.#key.rotate(keys)) || isNew;
  }

  /** The fields of a request that may be sent, without their signature. */
  #checked<Request, Result>(
    operation: Operation<Request, Result>,
    request: Request,
  ): { readonly fields: Fields; readonly sent: Record<string, string | null | undefined> } {
    const fields = operation.toFields(request, () => timeBy(() => this.now()));
    const sent = withCommonFields(this.#config, fields, operation.isBare);
    assertUnambiguousRequest(sent, operation.properties);
    return { fields, sent };
  }

  /** How many calls are under way and wait, and whether the gateway answers: for health checks and metrics. */
  load(): ClientLoad {
    const { maxConnections, maxQueued } = this.#config;
    return { ...this.#queue.state(), maxConnections, maxQueued };
  }

  /**
   * Waits for the calls under way, then closes the connections. Calls that wait in the queue, and calls after it, are not sent: they
   * fail with the outcome `not-sent`.
   */
  async close(): Promise<void> {
    this.#queue.close();
    this.#closing ??= this.#connection.close();
    await this.#closing;
  }

  /** Where a connection is still being opened for a call that is over, its place is free afterwards. */
  #end(flight: Flight, limit: CallLimit, how: FlightEnd): void {
    const end = (): void => {
      this.#queue.end(flight, how);
    };
    if (limit.isHeld) limit.onFree = end;
    else end();
  }
}

/** What a limiter throws is the caller's, and may hold anything. */
function redacted(change: QueueChange, key: MerchantKey): QueueChange {
  return change.kind === 'limiter-failed' ? { ...change, error: key.redactor().cause(change.error) } : change;
}
