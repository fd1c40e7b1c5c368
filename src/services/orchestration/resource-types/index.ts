import type { Facades } from "../../../kernel/module.ts";
import { volume } from "./cinder/volume.ts";
import { volumeAttachment } from "./cinder/volume-attachment.ts";
import { delay } from "./heat/delay.ts";
import { none } from "./heat/none.ts";
import { randomString } from "./heat/random-string.ts";
import { resourceGroup } from "./heat/resource-group.ts";
import { cloudConfig, softwareConfig, structuredConfig } from "./heat/software-config.ts";
import { stack } from "./heat/stack.ts";
import { testResource } from "./heat/test-resource.ts";
import { value } from "./heat/value.ts";
import { addressScope } from "./neutron/address-scope.ts";
import { floatingIp, floatingIpAssociation } from "./neutron/floating-ip.ts";
import { net } from "./neutron/net.ts";
import { port } from "./neutron/port.ts";
import { rbacPolicy } from "./neutron/rbac-policy.ts";
import { router, routerInterface } from "./neutron/router.ts";
import { securityGroup } from "./neutron/security-group.ts";
import { securityGroupRule } from "./neutron/security-group-rule.ts";
import { subnet } from "./neutron/subnet.ts";
import { subnetPool } from "./neutron/subnet-pool.ts";
import { keyPair } from "./nova/key-pair.ts";
import { server } from "./nova/server.ts";
import { serverGroup } from "./nova/server-group.ts";
import type { ResourceType } from "./types.ts";

/** Every type there is: a line each. */
const ALL: readonly ResourceType[] = [
  volume,
  volumeAttachment,
  cloudConfig,
  delay,
  none,
  randomString,
  resourceGroup,
  softwareConfig,
  stack,
  structuredConfig,
  testResource,
  value,
  addressScope,
  floatingIp,
  floatingIpAssociation,
  net,
  port,
  rbacPolicy,
  router,
  routerInterface,
  securityGroup,
  securityGroupRule,
  subnet,
  subnetPool,
  keyPair,
  server,
  serverGroup,
];

const byName = new Map(ALL.map((type) => [type.name, type]));

export const typeNamed = (name: string): ResourceType | undefined => byName.get(name);

/** In the order of their names, those whose service is there. */
export const typesOf = (has: (service: keyof Facades) => boolean): readonly ResourceType[] =>
  ALL.filter(({ service }) => service === null || has(service.name)).sort((one, other) =>
    one.name < other.name ? -1 : 1,
  );
