import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { CliError } from '../cli-error.js';
import { EXIT_CODES } from '../exit-codes.js';
import { pairs, printable } from '../output/table.js';
import type { Report, Session } from '../session.js';
import { chooseMerchant } from '../settings/merchants.js';
import { readVariables } from '../settings/variables.js';
import { explainSignature, stringToSign } from '../sign/explain.js';
import { readFields } from '../sign/read-fields.js';

/** `wechatpay doctor sign`: why the signature of a request or a reply does not hold. */
export async function doctorSign(session: Session, file: string | undefined): Promise<Report> {
  const { words } = session;
  const environment = readVariables(session);
  const { prefix } = chooseMerchant(session, environment);
  const apiKey = environment[`${prefix}API_KEY`] ?? '';
  if (apiKey.trim() === '') throw new CliError(EXIT_CODES.usage, 'API_KEY', words.sign.keyProblem);
  const fields = readFields(await readInput(session, file));
  if (fields.length === 0) throw new CliError(EXIT_CODES.usage, 'NO_FIELDS', words.sign.noFields);
  const sign = fields.find(({ name }) => name === 'sign')?.value ?? '';
  if (sign === '') throw new CliError(EXIT_CODES.refused, 'NO_SIGN', words.sign.noSign);
  if (/[*…]|\[?redacted\]?/i.test(sign)) throw new CliError(EXIT_CODES.usage, 'MASKED_SIGN', words.sign.maskedSign);

  const { holds, cause, detail, signType } = explainSignature(fields, apiKey);
  const text = stringToSign(fields, apiKey);
  const [finding, remedy] =
    cause === undefined ? [words.sign.holds(signType ?? '?'), undefined] : words.sign.causes[cause](detail);
  const hidden = (said: string): string => said.replaceAll(apiKey.trim(), '******');
  return {
    exitCode: holds ? EXIT_CODES.done : cause === 'not-found' ? EXIT_CODES.person : EXIT_CODES.refused,
    result: {
      holds,
      cause: cause ?? null,
      detail: hidden(detail),
      signType,
      finding: hidden(finding),
      remedy,
      stringToSign: text,
    },
    lines: [
      hidden(finding),
      ...pairs([
        [words.labels.remedy, remedy],
        [words.sign.string, printable(text)],
      ]),
    ],
  };
}

const MAX_BYTES = 1024 * 1024;

async function readInput({ io, words }: Session, file: string | undefined): Promise<string> {
  if (file !== undefined && file !== '-') {
    try {
      return readFileSync(resolve(io.cwd, file), 'utf8');
    } catch (cause) {
      const { code = 'unknown error' } = cause as NodeJS.ErrnoException;
      throw new CliError(EXIT_CODES.usage, 'FILE', words.sign.unreadable(file, code));
    }
  }
  if (io.stdin.isTTY === true && file === undefined)
    throw new CliError(EXIT_CODES.usage, 'NO_INPUT', words.sign.noInput);
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of io.stdin) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > MAX_BYTES) break;
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}
