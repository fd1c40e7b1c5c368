import assert from "node:assert/strict";
import { test } from "node:test";
import { identityCloud } from "../../support/identity.ts";

test("SERVICE_DOMAIN_NAME is where the services' project and users are, and who they log in as", async () => {
  const t = await identityCloud({ settings: { identity: { serviceDomainName: "services" } } });
  try {
    const domain = (await t.admin("GET", "/identity/v3/domains?name=services")).body.domains[0];
    assert.equal(domain.enabled, true);
    const names = async (path: string, list: string): Promise<string[]> =>
      (await t.admin("GET", `/identity/v3/${path}`)).body[list].map(({ name }: { name: string }) => name).sort();
    assert.deepEqual(await names(`projects?domain_id=${domain.id}`, "projects"), ["service"]);
    assert.ok((await names(`users?domain_id=${domain.id}`, "users")).includes("nova"));
    assert.ok(!(await names("users?domain_id=default", "users")).includes("nova"));
    const scope = { project: { name: "service", domain: { name: "services" } } };
    const user = { name: "nova", domain: { name: "services" }, password: "secret" };
    const body = { auth: { identity: { methods: ["password"], password: { user } }, scope } };
    const issued = await t.request("POST", "/identity/v3/auth/tokens", { body });
    assert.equal(issued.status, 201);
    const token = issued.headers.get("x-subject-token");
    assert.equal(t.cloud.kernel.authenticator.authenticate(token ?? "")?.userDomainId, domain.id);
    // A second stack makes nothing twice.
    await t.cloud.seed();
    assert.deepEqual(await names("domains", "domains"), ["Default", "services"]);
  } finally {
    await t.close();
  }
});
