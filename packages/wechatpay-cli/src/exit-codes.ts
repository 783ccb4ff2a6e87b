/**
 * What a script can branch on.
 *
 * - `done`: it is done, and proven where it is about money.
 * - `refused`: certainly not done: refused, not sent, or answered No.
 * - `usage`: the command line or a setting is wrong; nothing was sent.
 * - `unknown`: it may have happened. Ask by `wechatpay query` or `wechatpay query-refund`; a repeated command is the same refund or reversal.
 * - `person`: WeChat Pay answered, and a person has to decide.
 * - `later`: there is no statement yet, or an answer about a difference is awaited: the same command later.
 * - `interrupted`: Ctrl-C before anything was sent.
 */
export const EXIT_CODES = { done: 0, refused: 1, usage: 2, unknown: 3, person: 4, later: 5, interrupted: 130 } as const;

export type ExitCode = (typeof EXIT_CODES)[keyof typeof EXIT_CODES];
