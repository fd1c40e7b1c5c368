import { type TestContext, test } from "node:test";

/** Like `test`, for tests that build on each other: after one has failed the rest would only repeat its failure, and is skipped. */
export function inOrder(onFailure: () => Promise<void> = async () => {}) {
  let failed = false;
  return (name: string, body: (t: TestContext) => Promise<void>) =>
    test(name, async (t) => {
      if (failed) return t.skip("an earlier one failed");
      try {
        await body(t);
      } catch (error) {
        failed = true;
        await onFailure();
        throw error;
      }
    });
}
