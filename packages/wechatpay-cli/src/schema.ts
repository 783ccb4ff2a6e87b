/** Marks the form of what `--json` writes; a change that a script could notice is another number. */
export const SCHEMA = 'wechatpay-cli/1';
