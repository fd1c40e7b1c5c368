import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { ManualClock } from "../../src/kernel/time/clock.ts";
import { FakeNetworkDriver } from "../../src/services/network/driver/fake.ts";
import { network } from "../../src/services/network/index.ts";
import { type IdentityCloud, identityCloud } from "../support/identity.ts";
import { Visitor } from "./support/visitor.ts";

const clock = new ManualClock();
let cloud: IdentityCloud;
before(async () => {
  cloud = await identityCloud({
    clock,
    others: [network({ driver: new FakeNetworkDriver() })],
    settings: { network: { createInitialNetworks: false } },
  });
  await cloud.user("ada", "alpha", "member");
  await cloud.user("bob", "beta", "member");
});
after(() => cloud.close());

async function visitor(user: string): Promise<Visitor> {
  const one = new Visitor(cloud);
  const answer = await one.logIn(user);
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  return one;
}

test("each sees the changes of its own project alone, an administrator those of all", async () => {
  const [ada, bob, admin] = [await visitor("ada"), await visitor("bob"), await visitor("admin")];
  const streams = [ada, bob, admin].map((one) => one.events());
  for (const stream of streams) assert.equal((await stream.next()).value?.event, "hello");
  const [ofAda, ofBob, ofAdmin] = streams;
  const make = async (one: Visitor, name: string): Promise<string> => {
    const { body } = await one.ask("POST", "/api/network/v2.0/networks", { network: { name } });
    // What is written in one turn is told together.
    await turn();
    return body.network.id;
  };
  const alphas = await make(ada, "alphas");
  const betas = await make(bob, "betas");
  const idsOf = async (stream: typeof ofAda) => {
    const { value } = (await stream?.next()) ?? {};
    return value?.data
      .filter(({ kind }: { kind: string }) => kind === "network.network")
      .map(({ id }: { id: string }) => id);
  };
  assert.deepEqual(await idsOf(ofAda), [alphas]);
  assert.deepEqual(await idsOf(ofBob), [betas]);
  assert.deepEqual([...(await idsOf(ofAdmin)), ...(await idsOf(ofAdmin))], [alphas, betas]);
  await bob.ask("DELETE", `/api/network/v2.0/networks/${betas}`);
  assert.deepEqual(await idsOf(ofBob), [betas], "that it is gone is told to who had it");
  await ada.ask("PUT", `/api/network/v2.0/networks/${alphas}`, { network: { name: "renamed" } });
  assert.deepEqual(await idsOf(ofAda), [alphas], "and ada heard nothing of bob's");
  for (const stream of streams) await stream.return(undefined);
});

test("who comes back hears what was missed; who was away too long is told to ask for all", async () => {
  const ada = await visitor("ada");
  const first = ada.events();
  const { value: hello } = await first.next();
  await first.return(undefined);
  const made = await ada.ask("POST", "/api/network/v2.0/networks", { network: { name: "meanwhile" } });
  await turn();
  const again = ada.events({ "last-event-id": hello?.id ?? "" });
  const { value } = await again.next();
  assert.equal(value?.event, "changed");
  assert.ok(value?.data.some(({ id }: { id: string }) => id === made.body.network.id));
  await again.return(undefined);
  for (const id of ["another.3", "x", `${hello?.id.split(".")[0]}.999999`]) {
    const lost = ada.events({ "last-event-id": id });
    assert.equal((await lost.next()).value?.event, "lost", id);
    await lost.return(undefined);
  }
});

test("a stream ends with its session: by a log-out, and when the token is revoked elsewhere", async () => {
  const ada = await visitor("ada");
  const stream = ada.events();
  await stream.next();
  await ada.ask("DELETE", "/session");
  assert.equal((await stream.next()).value?.event, "ended");
  assert.equal((await stream.next()).done, true);

  const id = await cloud.user("fay", "alpha", "member");
  const fay = await visitor("fay");
  const other = fay.events();
  await other.next();
  await cloud.admin("PATCH", `/identity/v3/users/${id}`, { body: { user: { enabled: false } } });
  const bystander = await visitor("ada");
  await bystander.ask("POST", "/api/network/v2.0/networks", { network: { name: "secret" } });
  assert.equal((await other.next()).value?.event, "ended", "nothing more is told");
  assert.equal((await other.next()).done, true);
});

test("a stream ends when the time of its token is over, though nothing changes in the cloud", async () => {
  const ada = await visitor("ada");
  const { body } = await ada.ask("GET", "/session");
  const stream = ada.events();
  await stream.next();
  clock.advance(Date.parse(body.token.expires_at) - clock.now());
  assert.equal((await stream.next()).value?.event, "ended");
  assert.equal((await stream.next()).done, true);
});
