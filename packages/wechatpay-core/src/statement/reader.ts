import { quoted } from '../call/untrusted-text.js';
import { MAX_XML_BYTES } from '../call/xml.js';
import { type WechatPayStatementError } from '../errors.js';
import { createRowReader, type RowReader } from './build-row.js';
import { UnreadableCell } from './cell-readers.js';
import { createRowSplitter, separatorOf } from './cells.js';
import { foldName } from './columns.js';
import { readHeader, type Header } from './header.js';
import { statementError } from './problems.js';
import { describeRefusal } from './refusal.js';
import type { StatementRow } from './row.js';
import { readSummary, type StatementSummary } from './summary.js';

/** A note above the header was seen elsewhere; a book is no note. */
const MAX_LINES_BEFORE_HEADER = 10;
/** Of a row whose free text holds line breaks. */
const MAX_ROW = 8 * 1024;

/** What a header tells. */
interface KnownFile {
  readonly header: Header;
  readonly rowReader: RowReader;
  readonly splitRow: ReturnType<typeof createRowSplitter>;
}

type State = 'header' | 'refusal' | 'rows' | 'summary' | 'done';

/** Reads a statement line by line: header, rows, the summary's header, the summary. */
export class StatementReader {
  /** Undefined until it was found. */
  header: Header | undefined;
  /** Undefined until it was compared with every row. */
  summary: StatementSummary | undefined;
  #state: State = 'header';
  #line = 0;
  #rows = 0;
  #file: KnownFile | undefined;
  /** Lines of a row that is not complete yet, or of a refusal. */
  #open: string | undefined;
  #openLine = 0;
  /** How many cells of the open row have come: it is cut anew only once it can be complete. */
  #openCells = 0;
  #summaryNames: readonly string[] = [];
  #first = '';

  /** @throws {WechatPayStatementError} */
  push(raw: string): StatementRow | undefined {
    this.#line += 1;
    switch (this.#state) {
      case 'header':
        this.#findHeader(raw);
        return undefined;
      case 'refusal':
        this.#keep(raw, MAX_XML_BYTES);
        return undefined;
      case 'rows':
        return this.#readLine(raw);
      case 'summary':
        if (!isBlank(raw)) this.#readSummary(withoutReturn(raw));
        return undefined;
      case 'done':
        if (isBlank(raw)) return undefined;
        throw this.#malformed('stands behind the summary', this.#line, raw);
    }
  }

  /** The text is over. @throws {WechatPayStatementError} where the statement is not. */
  end(): void {
    const rows = this.#rows;
    switch (this.#state) {
      case 'done':
        return;
      case 'refusal':
        throw describeRefusal(this.#open ?? '');
      case 'header':
        if (this.#first !== '') throw this.#noHeader();
        throw statementError('truncated', 'the answer is empty. That is not an empty day.');
      default: {
        const at = this.#open === undefined ? 'before its summary' : `in the middle of line ${this.#openLine}`;
        const received = this.#open ?? '';
        throw statementError('truncated', `the statement ends ${at}, after ${rows} rows.`, { rows, received });
      }
    }
  }

  #findHeader(raw: string): void {
    if (isBlank(raw)) return;
    if (this.#first === '') {
      this.#first = raw;
      if (raw.trimStart().startsWith('<')) {
        this.#state = 'refusal';
        this.#keep(raw, MAX_XML_BYTES);
        return;
      }
    }
    this.header = readHeader(withoutReturn(raw));
    if (this.header) {
      const { header } = this;
      this.#file = { header, rowReader: createRowReader(header), splitRow: createRowSplitter(header) };
      this.#state = 'rows';
    } else if (this.#line >= MAX_LINES_BEFORE_HEADER) {
      throw this.#noHeader();
    }
  }

  #readLine(raw: string): StatementRow | undefined {
    if (this.#open === undefined) {
      if (!startsRow(raw) && isBlank(raw)) return undefined;
      if (this.#isRow(raw)) return this.#readRow(raw, this.#line);
      this.#beginSummary(withoutReturn(raw));
      return undefined;
    }
    // A line break in a product's name: no row and no summary begins like the rest of one.
    if (startsRow(raw) || COUNT_NAMES.has(foldName(raw.split(/[,\t]/, 1)[0] ?? ''))) {
      throw this.#malformed('has fewer cells than the header has columns', this.#openLine, this.#open);
    }
    const { header } = this.#known();
    this.#keep(raw, MAX_ROW);
    this.#openCells += raw.split(separatorOf(header)).length - 1;
    return this.#openCells < header.names.length ? undefined : this.#readRow(this.#open, this.#openLine);
  }

  #isRow(raw: string): boolean {
    if (this.header?.separator !== 'tab') return startsRow(raw);
    return !COUNT_NAMES.has(foldName(raw.split('\t', 1)[0] ?? ''));
  }

  #readRow(raw: string, line: number): StatementRow | undefined {
    const { header, rowReader, splitRow } = this.#known();
    const cells = splitRow(raw);
    if (cells === 'short') {
      this.#open = raw;
      this.#openLine = line;
      this.#openCells = raw.split(separatorOf(header)).length;
      return undefined;
    }
    this.#open = undefined;
    if (cells === 'long') throw this.#malformed('has more cells than the header has columns', line, raw);
    try {
      const row = rowReader.read(cells, line);
      this.#rows += 1;
      return row;
    } catch (error) {
      if (!(error instanceof UnreadableCell)) throw error;
      throw this.#malformed(`has in ${quoted(error.column, 32)} what cannot be read: it ${error.message}`, line, raw);
    }
  }

  #beginSummary(text: string): void {
    this.#summaryNames = text.split(this.header?.separator === 'tab' ? '\t' : /[,，]/).map((name) => name.trim());
    this.#state = 'summary';
  }

  #readSummary(text: string): void {
    const { header, rowReader } = this.#known();
    const names = this.#summaryNames;
    if (header.separator !== 'tab' && !startsRow(text)) {
      throw this.#malformed('should be the summary, which begins with a backtick', this.#line, text);
    }
    const cells = header.separator === 'tab' ? text.split('\t') : text.slice(text.indexOf('`') + 1).split(/,[ \t]*`/);
    if (cells.length > names.length) {
      throw this.#malformed('has more numbers than the header of the summary has names', this.#line, text);
    }
    const rows = this.#rows;
    const received = `${names.join(',')}\n${text}`;
    if (cells.length < names.length) {
      throw statementError('truncated', `the statement ends in the middle of its summary, after ${rows} rows.`, {
        rows,
        received,
      });
    }
    const { summary, differences } = readSummary(names, cells, { rows, sums: rowReader.sums });
    if (differences.length > 0) {
      const which = differences.map(
        ({ name, stated, computed }) => `${quoted(name, 32)} says ${quoted(stated, 32)}, the rows give ${computed}`,
      );
      throw statementError('mismatch', `the summary differs from the rows: ${which.join('; ')}.`, {
        differences,
        rows,
        received,
        line: this.#line,
      });
    }
    this.summary = summary;
    this.#state = 'done';
  }

  #keep(raw: string, most: number): void {
    this.#open = this.#open === undefined ? raw : `${this.#open}\n${raw}`;
    if (this.#open.length > most) throw this.#malformed(`goes on for more than ${most} characters`, this.#line, raw);
  }

  #known(): KnownFile {
    if (this.#file) return this.#file;
    throw new TypeError('A row needs a header.');
  }

  #malformed(problem: string, line: number, received: string): WechatPayStatementError {
    return statementError('malformed', `line ${line} ${problem}.`, { line, received, rows: this.#rows });
  }

  #noHeader(): WechatPayStatementError {
    return statementError('malformed', `no header was found; the text begins with ${quoted(this.#first, 64)}.`, {
      received: this.#first,
    });
  }
}

const COUNT_NAMES: ReadonlySet<string> = new Set(['总交易单数', 'Total transaction count'].map(foldName));

function startsRow(raw: string): boolean {
  return raw.charCodeAt(0) === BACKTICK || /^[ \t]*`/.test(raw);
}

const BACKTICK = 96;

function isBlank(raw: string): boolean {
  return raw.trim() === '';
}

function withoutReturn(raw: string): string {
  return raw.charCodeAt(raw.length - 1) === 13 ? raw.slice(0, -1) : raw;
}
