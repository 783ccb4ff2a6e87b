import { documentOf, fieldPattern, malformed, parseDocument, readFields, SPACE, type Node } from './xml.js';

/** A document with a list: its own fields, and those of each element of the list. */
export interface GroupedFields {
  readonly fields: Readonly<Record<string, string>>;
  /** In the order of their numbers. */
  readonly groups: readonly Readonly<Record<string, string>>[];
}

/**
 * Reads the reply of Query Settlement: as `decodeXml` does, but for the numbered elements (`setteinfo_0`, `setteinfo_1`), which hold
 * fields of their own. One level, and that name alone: anything else is refused as it is there.
 *
 * @throws {WechatPayResponseError} anything that is not such a document, a number twice, or one that is missing.
 */
export function decodeGroups(document: Uint8Array | string): GroupedFields {
  const elements = parseDocument(document, GROUPED_DOCUMENT, 'it is neither flat nor a list of settlements');
  const groups: Readonly<Record<string, string>>[] = [];
  const others: Node[] = [];
  for (const element of elements) {
    const [name = ''] = Object.keys(element);
    const number = GROUP.exec(name)?.[1];
    if (number === undefined) {
      others.push(element);
      continue;
    }
    if (groups[Number(number)]) throw malformed(`it has ${name} twice`);
    groups[Number(number)] = readFields((element[name] ?? []) as unknown as readonly Node[]);
  }
  for (let number = 0; number < groups.length; number += 1) {
    if (!groups[number]) throw malformed(`it has no setteinfo_${number}, but later ones`);
  }
  return { fields: readFields(others), groups };
}

const GROUP = /^setteinfo_([0-9]{1,3})$/;
const GROUP_NAME = 'setteinfo_[0-9]{1,3}';
const FLAT_FIELD = `(?!<${GROUP_NAME}[ \\t\\r\\n/>])${fieldPattern(1)}`; // else a list could be read in 2^n ways
const GROUPED_DOCUMENT = documentOf(
  `(?:${FLAT_FIELD}${SPACE}|<(${GROUP_NAME})${SPACE}>${SPACE}(?:${fieldPattern(3)}${SPACE})*</\\2${SPACE}>${SPACE})*`,
);
