import assert from "node:assert/strict";
import { test } from "node:test";
import type { Identity } from "../../src/kernel/auth/context.ts";
import {
  adminOrService,
  allOf,
  anyOf,
  nobody,
  ownDomain,
  ownProject,
  ownUser,
  Policies,
  projectManager,
  projectMember,
  projectMemberOrAdmin,
  projectReader,
  role,
  systemScope,
  withOlder,
} from "../../src/kernel/policy/policy.ts";
import { identityOf } from "../support/cloud.ts";

const someone = (token: string, changes: Partial<Identity> = {}): Identity => {
  const identity = identityOf(token);
  assert.ok(identity !== null);
  return { ...identity, ...changes };
};
const member = someone("member:alpha:joe");

test("an owner's rule asks for the owner, and without a target whether there could be one", () => {
  assert.equal(ownProject.allows(member, { projectId: "alpha" }), true);
  assert.equal(ownProject.allows(member, { projectId: "beta" }), false);
  assert.equal(ownProject.allows(member, {}), false);
  assert.equal(ownProject.allows(member, { projectId: null }), false);
  assert.equal(ownProject.allows(member, null), true);
  // No project is not the same project as none.
  const unscoped = someone("member:alpha", { projectId: null });
  for (const target of [null, {}, { projectId: null }, { projectId: "alpha" }])
    assert.equal(ownProject.allows(unscoped, target), false);

  assert.equal(ownUser.allows(member, { userId: "joe" }), true);
  assert.equal(ownUser.allows(member, { userId: "jim" }), false);
  assert.equal(ownUser.allows(member, {}), false);

  const domained = someone("member:alpha", { domainId: "acme" });
  assert.equal(ownDomain.allows(domained, { domainId: "acme" }), true);
  assert.equal(ownDomain.allows(domained, { domainId: "other" }), false);
  assert.equal(ownDomain.allows(domained, {}), false);
  assert.equal(ownDomain.allows(domained, null), true);
  for (const target of [null, {}, { domainId: null }]) assert.equal(ownDomain.allows(member, target), false);
  assert.equal(systemScope.allows(member, null), false);
  assert.equal(systemScope.allows(someone("admin:system"), null), true);
});

test("roles and owners together: each persona on its own project only, the admin everywhere", () => {
  const own = { projectId: "alpha" };
  const others = { projectId: "beta" };
  for (const [token, reads, writes, manages] of [
    ["reader:alpha", true, false, false],
    ["member:alpha", true, true, false],
    ["manager:alpha", true, true, true],
  ] as const) {
    const identity = someone(token);
    assert.equal(projectReader.allows(identity, own), reads);
    assert.equal(projectMember.allows(identity, own), writes);
    assert.equal(projectManager.allows(identity, own), manages);
    for (const rule of [projectReader, projectMember, projectManager, projectMemberOrAdmin])
      assert.equal(rule.allows(identity, others), false, `${token} ${rule.text}`);
  }
  assert.equal(projectMemberOrAdmin.allows(someone("admin:beta"), own), true);
  assert.equal(adminOrService.allows(someone("service:beta"), own), true);
  assert.equal(adminOrService.allows(someone("manager:beta"), own), false);
  assert.equal(allOf(role("a"), role("b")).allows(someone("a:alpha"), null), false);
  assert.equal(anyOf(role("a"), role("b")).allows(someone("b:alpha"), null), true);
  assert.equal(allOf(anyOf(role("a"), role("b")), ownProject).text, "(role:a or role:b) and project_id:%(project_id)s");
});

test("a policy that is not there is an error, not a yes; none is defined twice", () => {
  const policies = new Policies();
  policies.register({ "x:get": ownProject, "x:never": nobody });
  assert.throws(() => policies.allows("x:put", member, null), /no policy x:put/);
  assert.throws(() => policies.register({ "x:get": ownUser }), /twice/);
  assert.equal(policies.allows("x:never", someone("admin:alpha"), { projectId: "alpha" }), false);
});

test("with the rules of before, any role in a project may do there what its members may, and nothing elsewhere", () => {
  const other = someone("anotherrole:alpha");
  assert.equal(projectMember.allows(other, { projectId: "alpha" }), false);
  const older = withOlder(projectMember);
  assert.equal(older.allows(other, { projectId: "alpha" }), true);
  assert.equal(older.allows(other, { projectId: "beta" }), false);
  assert.equal(older.allows(someone("anotherrole:alpha", { projectId: null }), null), false);
  assert.equal(older.allows(someone("none:alpha", { roles: new Set() }), { projectId: "alpha" }), false);
  assert.equal(withOlder(adminOrService).allows(other, null), false);
  assert.equal(withOlder(adminOrService).asksOwner, adminOrService.asksOwner);
});
