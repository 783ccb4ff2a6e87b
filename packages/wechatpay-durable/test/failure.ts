/** What a call that must fail throws, or rejects with. One that does not fail is a mistake of the test's subject. */
export async function failureOf(act: () => unknown): Promise<unknown> {
  let result: unknown;
  try {
    result = await act();
  } catch (error) {
    return error;
  }
  throw new Error(`It must fail, and gave ${JSON.stringify(result)}.`);
}
