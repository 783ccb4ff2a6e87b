/** `--sub-merchant`: one, `all` of them, or what the settings say. */
export function subMerchantOf(given: string | undefined): { readonly subMerchantId?: string | null } {
  return given === undefined ? {} : { subMerchantId: given === 'all' ? null : given };
}
