import { isoMicros } from "../../../kernel/time/clock.ts";
import type * as rows from "../store/rows.ts";

type Json = Record<string, unknown>;
const parse = (json: string): Json => JSON.parse(json) as Json;
const self = (base: string, path: string) => ({ links: { self: `${base}/v3/${path}` } });

export function projectView(row: rows.ProjectRow, tags: readonly string[], base: string) {
  return {
    ...parse(row.extra),
    id: row.id,
    name: row.name,
    domain_id: row.domain_id,
    description: row.description,
    enabled: row.enabled === 1,
    parent_id: row.parent_id,
    is_domain: row.is_domain === 1,
    tags,
    options: parse(row.options),
    ...self(base, `projects/${row.id}`),
  };
}

export function domainView(row: rows.ProjectRow, tags: readonly string[], base: string) {
  return {
    ...parse(row.extra),
    id: row.id,
    name: row.name,
    description: row.description,
    enabled: row.enabled === 1,
    tags,
    options: parse(row.options),
    ...self(base, `domains/${row.id}`),
  };
}

/** `default_project_id` appears only when set, as in keystone. */
export function userView(row: rows.UserRow, passwordExpiresAt: number | null, base: string) {
  return {
    ...parse(row.extra),
    id: row.id,
    name: row.name,
    domain_id: row.domain_id,
    enabled: row.enabled === 1,
    ...(row.default_project_id === null ? {} : { default_project_id: row.default_project_id }),
    password_expires_at: passwordExpiresAt === null ? null : isoMicros(passwordExpiresAt).slice(0, -1),
    options: parse(row.options),
    ...self(base, `users/${row.id}`),
  };
}

export function groupView(row: rows.GroupRow, base: string) {
  return {
    ...parse(row.extra),
    id: row.id,
    name: row.name,
    domain_id: row.domain_id,
    description: row.description,
    ...self(base, `groups/${row.id}`),
  };
}

export function roleView(row: rows.RoleRow, base: string) {
  return { ...bareRole(row), ...self(base, `roles/${row.id}`) };
}

/** A role inside an application credential: without links. */
export function bareRole(row: rows.RoleRow) {
  return {
    ...parse(row.extra),
    id: row.id,
    name: row.name,
    domain_id: row.domain_id,
    description: row.description,
    options: parse(row.options),
  };
}

export const roleReference = (row: rows.RoleRow, base: string) => ({
  id: row.id,
  ...self(base, `roles/${row.id}`),
  name: row.name,
});

export function regionView(row: rows.RegionRow, base: string) {
  return {
    ...parse(row.extra),
    id: row.id,
    description: row.description,
    parent_region_id: row.parent_region_id,
    ...self(base, `regions/${row.id}`),
  };
}

export function serviceView(row: rows.ServiceRow, base: string) {
  return {
    ...parse(row.extra),
    ...(row.name === null ? {} : { name: row.name }),
    ...(row.description === null ? {} : { description: row.description }),
    id: row.id,
    type: row.type,
    enabled: row.enabled === 1,
    ...self(base, `services/${row.id}`),
  };
}

export function endpointView(row: rows.EndpointRow, base: string) {
  return {
    ...parse(row.extra),
    id: row.id,
    interface: row.interface,
    region_id: row.region_id,
    service_id: row.service_id,
    url: row.url,
    enabled: row.enabled === 1,
    region: row.region_id,
    ...self(base, `endpoints/${row.id}`),
  };
}

export function policyView(row: rows.PolicyRow, base: string) {
  return { ...parse(row.extra), id: row.id, blob: row.blob, type: row.type, ...self(base, `policies/${row.id}`) };
}

export function credentialView(row: rows.CredentialRow, base: string) {
  return {
    ...parse(row.extra),
    id: row.id,
    user_id: row.user_id,
    project_id: row.project_id,
    type: row.type,
    blob: row.blob,
    ...self(base, `credentials/${row.id}`),
  };
}
