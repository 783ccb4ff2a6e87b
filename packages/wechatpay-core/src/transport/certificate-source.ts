import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { WechatPayConfigError } from '../errors.js';

/**
 * A file's path, its content (Buffer or PEM text), or its content in base64, as environment variables carry it.
 *
 * A relative path is looked for from the working directory. PEM text may stand in quotes, and in one line with `\n` between its
 * lines, as environment files keep it.
 */
export type CertificateSource = string | Uint8Array;

/**
 * Resolves a {@link CertificateSource} to bytes. Also reads the `ca` setting.
 *
 * What an environment file does to PEM text is undone where it is unambiguous: quotes that were kept, line breaks that became
 * `\n` or spaces, or were dropped.
 *
 * @throws {WechatPayConfigError} says what is wrong with the value, and never quotes what may be a secret.
 */
export function read(source: CertificateSource, field: string): Buffer {
  const given: unknown = source;
  if (given === undefined || given === null) throw new WechatPayConfigError(field, `is missing; ${FORMS}`);
  if (typeof given !== 'string' && !(given instanceof Uint8Array)) {
    throw new WechatPayConfigError(field, `is a ${typeof given}; ${FORMS}`);
  }
  if (given.length === 0) throw new WechatPayConfigError(field, `is empty; ${FORMS}`);
  return typeof given === 'string' ? readText(unquoted(given), field) : repaired(Buffer.from(given), field);
}

const FORMS = 'give a path, a Buffer, PEM text or base64.';

function readText(text: string, field: string): Buffer {
  if (text === '') throw new WechatPayConfigError(field, `is empty; ${FORMS}`);
  if (/-----(?:BEGIN|END)/.test(text)) return repaired(Buffer.from(text), field);
  // A path may look like base64, so that it is tried first.
  const file = readPath(text, field);
  if (file?.length === 0) throw new WechatPayConfigError(field, `the file ${text} is empty.`);
  if (file) return repaired(file, field);
  if (BASE64.test(text)) return repaired(Buffer.from(text, 'base64'), field);
  throw new WechatPayConfigError(field, describeNeither(text));
}

// What the base64 of a DER sequence (a PKCS#12 file) and of `-----BEGIN` begins with.
const BASE64 = /^(?:MI|LS0tLS1CRUdJTi)[A-Za-z0-9+/\s]{200,}={0,2}$/;

/** @returns undefined where no such file is there. */
function readPath(text: string, field: string): Buffer | undefined {
  if (text.length > 4096 || /[\n\0]/.test(text)) return undefined;
  try {
    return readFileSync(text);
  } catch (cause) {
    const { code = 'unknown error' } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG') return undefined;
    // No cause: its message quotes the path.
    throw new WechatPayConfigError(field, `the file cannot be read (${code})${mayBeSecret(text) ? '' : `: ${text}`}.`);
  }
}

function describeNeither(text: string): string {
  if (mayBeSecret(text)) {
    return (
      'was tried as a path and as base64, and is neither; it is not shown, since it may be a secret. ' +
      'Check how it was copied: a path must exist, and base64 must hold the whole file.'
    );
  }
  const absolute = resolve(text);
  const where = absolute === text ? '' : ` (looked for ${absolute}, from the working directory ${process.cwd()})`;
  const tilde = text.startsWith('~') ? ' Node.js does not expand ~.' : '';
  return `no such file: ${text}${where}.${tilde} Give a path, a Buffer, PEM text or base64.`;
}

// A path has separators or an ending, and no long run of base64's letters.
function mayBeSecret(text: string): boolean {
  return (
    text.length > 1024 ||
    !/[./\\]/.test(text) ||
    !/^[\x20-\x7e\u00a0-\uffff]*$/.test(text) ||
    /[A-Za-z0-9+=]{32}|[A-Za-z0-9+/=]{64}/.test(text)
  );
}

function unquoted(text: string): string {
  const trimmed = text.trim();
  return /^(["']).*\1$/s.test(trimmed) && trimmed.length > 1 ? trimmed.slice(1, -1).trim() : trimmed;
}

// PEM only: of a PKCS#12 file, no byte is touched.
function repaired(content: Buffer, field: string): Buffer {
  const text = content.toString('latin1');
  if (!/-----(?:BEGIN|END) /.test(text)) return content;
  const lines = unquoted(text).replaceAll(/(?:\\r)?\\n/g, '\n');
  const cut = /-----BEGIN ([A-Z0-9 ]+)-----(?![\s\S]*-----END \1-----)/.exec(lines);
  if (cut) {
    throw new WechatPayConfigError(
      field,
      `begins with -----BEGIN ${cut[1]}----- and has no line -----END ${cut[1]}-----: it was cut. In an env file, ` +
        'a value of several lines needs quotes; or give it in one line with \\n, as base64, or as a path.',
    );
  }
  return Buffer.from(lines.replaceAll(BLOCK, withLineBreaks), 'latin1');
}

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----([^-]*)-----END \1-----/g;

// Only where nothing else than base64 stands between the two lines: a header of an old encrypted key needs its own line.
function withLineBreaks(block: string, label: string, body: string): string {
  const base64 = body.replaceAll(/\s/g, '');
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return block;
  return `-----BEGIN ${label}-----\n${base64.replaceAll(/.{64}/g, '$&\n').trimEnd()}\n-----END ${label}-----`;
}
