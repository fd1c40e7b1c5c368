import { scryptSync, timingSafeEqual } from "node:crypto";
import { hexId } from "../../kernel/ids/ids.ts";
import type { Core } from "./manager/core.ts";
import type { Managers } from "./manager/index.ts";
import { DEFAULT_DOMAIN, type ProjectManager } from "./manager/projects.ts";
import { serviceDomain } from "./manager/service-domain.ts";
import { declaration } from "./service.ts";

/** keystone-manage bootstrap's roles are immutable; the others are DevStack's own. */
const ROLES: readonly { name: string; immutable: boolean }[] = [
  { name: "admin", immutable: true },
  { name: "manager", immutable: true },
  { name: "member", immutable: true },
  { name: "reader", immutable: true },
  { name: "service", immutable: true },
  { name: "ResellerAdmin", immutable: false },
  { name: "anotherrole", immutable: false },
];
const IMPLICATIONS = [
  ["admin", "manager"],
  ["manager", "member"],
  ["member", "reader"],
] as const;
const PROJECTS: readonly { name: string; description: string }[] = [
  { name: "admin", description: "Bootstrap project for initializing the cloud." },
  { name: "demo", description: "" },
  { name: "alt_demo", description: "" },
  { name: "invisible_to_admin", description: "" },
];
const GROUPS = [
  { name: "admins", description: "openstack admin group" },
  { name: "nonadmins", description: "non-admin group" },
] as const;
/** [user or @group, role, project, or "system", or "domain"], as lib/keystone's create_keystone_accounts has them. */
const ASSIGNMENTS: readonly (readonly [who: string, role: string, where: string])[] = [
  ["admin", "admin", "admin"],
  ["admin", "admin", "demo"],
  ["admin", "admin", "alt_demo"],
  ["admin", "admin", "domain"],
  ["admin", "admin", "system"],
  ["demo", "member", "demo"],
  ["demo", "anotherrole", "demo"],
  ["demo", "member", "invisible_to_admin"],
  ["demo_reader", "reader", "demo"],
  ["alt_demo", "admin", "alt_demo"],
  ["alt_demo", "anotherrole", "alt_demo"],
  ["alt_demo_member", "member", "alt_demo"],
  ["alt_demo_reader", "reader", "alt_demo"],
  ["system_member", "member", "system"],
  ["system_reader", "reader", "system"],
  ["@admins", "admin", "admin"],
  ["@nonadmins", "member", "demo"],
  ["@nonadmins", "anotherrole", "demo"],
  ["@nonadmins", "member", "alt_demo"],
  ["@nonadmins", "anotherrole", "alt_demo"],
];

/**
 * What `stack` leaves: DevStack's domain, projects, users, groups, roles and assignments, and the catalog. Adds what is
 * missing and changes nothing a person changed, with one exception: a password in local.conf that is not the one of the
 * last stack becomes the seeded users' password.
 */
export async function seed({ core, projects }: Managers): Promise<void> {
  const { kernel, store } = core;
  const { admin, service } = kernel.settings.passwords;
  const own = kernel.settings.serviceAccounts.map(({ name }) => name);
  const fingerprints = { admin: fingerprint(store, "admin", admin), service: fingerprint(store, "service", service) };
  const hashes = new Map(
    (
      await Promise.all([
        passwordHashes(core, PEOPLE, DEFAULT_DOMAIN, admin, fingerprints.admin.changed),
        passwordHashes(core, own, serviceDomain(core), service, fingerprints.service.changed),
      ])
    ).flat(),
  );
  kernel.db.transaction(() => {
    seedAccounts(core, projects, hashes);
    seedCatalog(core);
    for (const { key, value } of Object.values(fingerprints)) store.secrets.set(key, value);
  });
}

/** People, as DevStack makes them. */
const PEOPLE = declaration.accounts?.people ?? [];

type Hashes = ReadonlyMap<string, string>;

/**
 * [name, hash] for each of these users who needs a (new) password. One hash serves them all: that seeded users share a password
 * is no secret, and hashing would be most of a stack's time.
 */
async function passwordHashes(
  { store, passwords }: Core,
  names: readonly string[],
  domain_id: string | undefined,
  password: string,
  changed: boolean,
): Promise<[string, string][]> {
  const isNew = (name: string) => domain_id === undefined || store.users.find({ domain_id, name }) === undefined;
  const needed = names.filter((name) => changed || isNew(name));
  if (needed.length === 0) return [];
  const hash = await passwords.hash(password);
  return needed.map((name) => [name, hash]);
}

/** Tells whether a password differs from the one of the last stack. Only a slow, salted hash of it is kept. */
function fingerprint(store: Core["store"], name: string, password: string) {
  const key = `seeded-password-${name}`;
  const known = store.secrets.get(key);
  const salt = known?.subarray(0, 16) ?? Buffer.from(hexId(), "hex");
  const digest = scryptSync(password, salt, 32, { N: 2 ** 13, r: 8, p: 1 });
  const changed = known === null || !timingSafeEqual(known.subarray(16), digest);
  return { key, changed, value: Buffer.concat([salt, digest]) };
}

function seedAccounts(core: Core, projects: ProjectManager, hashes: Hashes): void {
  const { store, kernel, tokens } = core;
  const { serviceProjectName, serviceDomainName } = kernel.settings.identity;
  const now = kernel.clock.now();
  if (store.projects.get(DEFAULT_DOMAIN) === undefined) {
    projects.create({
      id: DEFAULT_DOMAIN,
      name: "Default",
      description: "The default domain",
      domainId: null,
      parentId: null,
      isDomain: true,
    });
  }
  const services =
    serviceDomain(core) ??
    projects.create({ name: serviceDomainName, domainId: null, parentId: null, isDomain: true }).id;
  const places = new Map<string, string>();
  const place = (name: string, key: string, description: string, domainId: string): void => {
    const found = store.projects.find({ domain_id: domainId, name });
    const row = found ?? projects.create({ name, description, domainId, parentId: null, isDomain: false });
    places.set(key, row.id);
  };
  for (const { name, description } of PROJECTS) place(name, name, description, DEFAULT_DOMAIN);
  place(serviceProjectName, "service", "", services);
  const roleIds = new Map<string, string>();
  for (const { name, immutable } of ROLES) {
    const found = store.roles.find({ domain_id: null, name });
    const options = immutable ? '{"immutable":true}' : "{}";
    const row =
      found ?? store.roles.insert({ id: hexId(), name, domain_id: null, description: null, options, extra: "{}" });
    roleIds.set(name, row.id);
  }
  for (const [prior, implied] of IMPLICATIONS) {
    store.memberships.implied.add({ prior_id: roleIds.get(prior) ?? "", implied_id: roleIds.get(implied) ?? "" });
  }
  const actors = new Map<string, { id: string; isNew: boolean }>();
  const users = PEOPLE.map((name) => ({ name, domain_id: DEFAULT_DOMAIN }));
  const own = kernel.settings.serviceAccounts;
  for (const { name, domain_id } of [...users, ...own.map(({ name }) => ({ name, domain_id: services }))]) {
    const found = store.users.find({ domain_id, name });
    const row =
      found ??
      store.users.insert({
        id: hexId(),
        domain_id,
        name,
        enabled: 1,
        default_project_id: null,
        extra: ["demo", "alt_demo"].includes(name) ? JSON.stringify({ email: `${name}@example.com` }) : "{}",
        options: "{}",
        created_at: now,
      });
    const hash = hashes.get(name);
    if (hash !== undefined) {
      store.passwords.add(row.id, hash, now, 1);
      store.passwords.clearFailures(row.id);
      if (found !== undefined) tokens.revoke("user", row.id);
    }
    actors.set(name, { id: row.id, isNew: found === undefined });
  }
  for (const { name, description } of GROUPS) {
    const found = store.groups.find({ domain_id: DEFAULT_DOMAIN, name });
    const row =
      found ?? store.groups.insert({ id: hexId(), domain_id: DEFAULT_DOMAIN, name, description, extra: "{}" });
    actors.set(`@${name}`, { id: row.id, isNew: found === undefined });
  }
  const service = own.flatMap(({ name, roles = [] }) =>
    ["service", ...roles].map((role) => [name, role, "service"] as const),
  );
  for (const [who, role, where] of [...ASSIGNMENTS, ...service]) {
    const actor = actors.get(who);
    if (actor === undefined) continue;
    store.assignments.add({
      actor_type: who.startsWith("@") ? "group" : "user",
      actor_id: actor.id,
      target_type: where === "system" || where === "domain" ? where : "project",
      target_id: where === "system" ? "system" : where === "domain" ? DEFAULT_DOMAIN : (places.get(where) ?? ""),
      role_id: roleIds.get(role) ?? "",
      inherited: 0,
    });
  }
}

const INTERFACES = ["public", "internal", "admin"] as const;

/** A service and its three endpoints for each entry the services declare; URLs follow HOST_IP when that changes. */
function seedCatalog({ store, kernel }: Core): void {
  const { regionName, api } = kernel.settings;
  if (store.regions.get(regionName) === undefined) {
    store.regions.insert({ id: regionName, description: "", parent_region_id: null, extra: "{}" });
  }
  for (const { endpoint } of kernel.endpoints) {
    for (const { name, type, path, description, prefix = endpoint.prefix } of endpoint.catalog) {
      const service =
        store.services.find({ type, name }) ??
        store.services.insert({ id: hexId(), type, name, description, enabled: 1, extra: "{}" });
      const url = `${api.baseUrl}${prefix}${path}`.replaceAll("%(", "$(");
      for (const kind of INTERFACES) {
        const found = store.endpoints.find({ service_id: service.id, interface: kind, region_id: regionName });
        if (found === undefined) {
          store.endpoints.insert({
            id: hexId(),
            service_id: service.id,
            interface: kind,
            region_id: regionName,
            url,
            enabled: 1,
            extra: "{}",
          });
        } else if (found.url !== url) store.endpoints.update(found.id, { url });
      }
    }
  }
}
