import type { Facades } from "../../../kernel/module.ts";
import { volume } from "./cinder/volume.ts";
import { volumeAttachment } from "./cinder/volume-attachment.ts";
import { delay } from "./heat/delay.ts";
import { none } from "./heat/none.ts";
import { randomString } from "./heat/random-string.ts";
import { resourceGroup } from "./heat/resource-group.ts";
import { stack } from "./heat/stack.ts";
import { testResource } from "./heat/test-resource.ts";
import { value } from "./heat/value.ts";
import { floatingIp, floatingIpAssociation } from "./neutron/floating-ip.ts";
import { net } from "./neutron/net.ts";
import { port } from "./neutron/port.ts";
import { router, routerInterface } from "./neutron/router.ts";
import { securityGroup } from "./neutron/security-group.ts";
import { subnet } from "./neutron/subnet.ts";
import { keyPair } from "./nova/key-pair.ts";
import { server } from "./nova/server.ts";
import type { ResourceType } from "./types.ts";

/** Every type there is: a line each. */
const ALL: readonly ResourceType[] = [
  volume,
  volumeAttachment,
  delay,
  none,
  randomString,
  resourceGroup,
  stack,
  testResource,
  value,
  floatingIp,
  floatingIpAssociation,
  net,
  port,
  router,
  routerInterface,
  securityGroup,
  subnet,
  keyPair,
  server,
];

const byName = new Map(ALL.map((type) => [type.name, type]));

export const typeNamed = (name: string): ResourceType | undefined => byName.get(name);

/** In the order of their names, those whose service is there. */
export const typesOf = (has: (service: keyof Facades) => boolean): readonly ResourceType[] =>
  ALL.filter(({ service }) => service === null || has(service.name)).sort((one, other) =>
    one.name < other.name ? -1 : 1,
  );
