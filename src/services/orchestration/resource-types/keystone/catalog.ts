import { given, idOf, nameOf } from "../asking.ts";
import { only } from "../thing.ts";
import type { ResourceType } from "../types.ts";
import { changing, enabled, found, keystoneThing, of, support, text } from "./thing.ts";

export const keystoneService: ResourceType = {
  name: "OS::Keystone::Service",
  support: support("5.0.0"),
  className: "KeystoneService",
  adminOnly: true,
  description: "A service in the catalog.",
  properties: {
    name: { ...changing, description: "Its name." },
    description: { ...changing, description: "What it does." },
    type: { ...changing, required: true, description: "Its type: compute, image." },
    enabled,
  },
  attributes: {},
  ...keystoneThing({
    key: "service",
    body: (run) => given({ ...run.properties, name: nameOf(run) }),
    changes: (run, changed) => ({
      ...only(changed, "description", "type", "enabled"),
      ...(changed.name === undefined ? {} : { name: nameOf(run) }),
    }),
  }),
};

export const keystoneEndpoint: ResourceType = {
  name: "OS::Keystone::Endpoint",
  support: support("5.0.0"),
  className: "KeystoneEndpoint",
  adminOnly: true,
  description: "Where a service answers.",
  properties: {
    service: { ...of("service"), required: true, update_allowed: true, description: "The service, by id or name." },
    region: { ...of("region"), update_allowed: true, description: "The region." },
    interface: {
      ...changing,
      required: true,
      constraints: [{ allowed_values: ["public", "internal", "admin"] }],
      description: "For whom it is.",
    },
    url: { ...changing, required: true, description: "The address." },
    name: { ...changing, description: "Its name." },
    enabled,
  },
  attributes: {},
  ...keystoneThing({
    key: "endpoint",
    async body(run) {
      const { service, region, interface: audience, url, enabled } = run.properties;
      const service_id = await idOf(run, "keystone_service", String(service));
      return given({ name: nameOf(run), service_id, region_id: region, interface: audience, url, enabled });
    },
    changes: async (run, changed) => ({
      ...only(changed, "interface", "url", "enabled"),
      ...(changed.name === undefined ? {} : { name: nameOf(run) }),
      ...(changed.region === undefined ? {} : { region_id: changed.region }),
      ...(changed.service === undefined ? {} : { service_id: await found(run, "keystone_service", changed.service) }),
    }),
  }),
};

const region = keystoneThing({
  key: "region",
  body: ({ properties: { id, description, parent_region, enabled } }) =>
    given({ id, description, parent_region_id: parent_region, enabled }),
  changes: (_run, changed) => ({
    ...only(changed, "description", "enabled"),
    ...(changed.parent_region === undefined ? {} : { parent_region_id: changed.parent_region }),
  }),
});

export const keystoneRegion: ResourceType = {
  name: "OS::Keystone::Region",
  support: support("6.0.0"),
  className: "KeystoneRegion",
  adminOnly: true,
  description: "A region of the catalog.",
  properties: {
    id: { ...text, description: "Its id, which is its name." },
    parent_region: { ...of("region"), update_allowed: true, description: "The region it is part of." },
    description: { ...changing, description: "Where it is." },
    enabled,
  },
  attributes: {},
  ...region,
};
