import assert from "node:assert/strict";
import { FakeNetworkDriver } from "../../../src/services/network/driver/fake.ts";
import { network } from "../../../src/services/network/index.ts";
import { identityStub, type TestCloud, testCloud } from "../../support/cloud.ts";
import type { Json } from "../../support/json.ts";
import type { testSettings } from "../../support/settings.ts";

/** The network API of a cloud in memory, for tests that ask it many small things. */
export interface NetworkApi {
  t: TestCloud;
  driver: FakeNetworkDriver;
  answer(token: string, method: string, path: string, body?: unknown): Promise<{ status: number; body: Json }>;
  /** Fails the test unless the answer is a success; the body. */
  call(token: string, method: string, path: string, body?: unknown): Promise<Json>;
  /** POST of one thing into its collection; what was made. */
  make(token: string, singular: string, body: Json): Promise<Json>;
  /** PUT of one thing; what it is now. */
  change(token: string, singular: string, id: string, body: Json): Promise<Json>;
  /** Fails the test unless it is refused so; the NeutronError. */
  refused(token: string, method: string, path: string, body: unknown, status: number, type?: string): Promise<Json>;
  /** When everything has come to the driver. */
  settled(): Promise<void>;
}

export const collectionOf = (singular: string): string =>
  `/${singular.endsWith("y") ? `${singular.slice(0, -1)}ies` : `${singular}s`}`.replaceAll("_", "-");

export async function networkApi(options: { settings?: Parameters<typeof testSettings>[0] } = {}): Promise<NetworkApi> {
  const driver = new FakeNetworkDriver();
  const t = await testCloud([identityStub(), network({ driver })], options);
  const answer: NetworkApi["answer"] = (token, method, path, body) =>
    t.request(method, `/networking/v2.0${path}`, { token, ...(body === undefined ? {} : { body }) });
  const call: NetworkApi["call"] = async (token, method, path, body) => {
    const { status, body: said } = await answer(token, method, path, body);
    assert.ok(status < 300, `${method} ${path} ${JSON.stringify(body)} → ${status} ${JSON.stringify(said)}`);
    return said;
  };
  return {
    t,
    driver,
    answer,
    call,
    make: async (token, singular, body) =>
      (await call(token, "POST", collectionOf(singular), { [singular]: body }))[singular],
    change: async (token, singular, id, body) =>
      (await call(token, "PUT", `${collectionOf(singular)}/${id}`, { [singular]: body }))[singular],
    async refused(token, method, path, body, status, type) {
      const { status: got, body: said } = await answer(token, method, path, body);
      assert.equal(got, status, `${method} ${path} ${JSON.stringify(body)} → ${got} ${JSON.stringify(said)}`);
      if (type !== undefined) assert.equal(said.NeutronError.type, type, JSON.stringify(said));
      return said.NeutronError;
    },
    settled: () => t.cloud.kernel.facade("network").settled(),
  };
}
