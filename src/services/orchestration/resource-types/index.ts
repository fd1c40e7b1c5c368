import type { Facades } from "../../../kernel/module.ts";
import { absentTypes } from "./absent.ts";
import { bucket } from "./aws/bucket.ts";
import { elasticIp, elasticIpAssociation } from "./aws/elastic-ip.ts";
import { instance } from "./aws/instance.ts";
import { networkInterface } from "./aws/network-interface.ts";
import { ec2SecurityGroup } from "./aws/security-group.ts";
import { ec2Volume, ec2VolumeAttachment } from "./aws/volume.ts";
import {
  ec2Subnet,
  internetGateway,
  routeTable,
  subnetRouteTableAssociation,
  vpc,
  vpcGatewayAttachment,
} from "./aws/vpc.ts";
import { cinderQuota } from "./cinder/quota.ts";
import { volume } from "./cinder/volume.ts";
import { volumeAttachment } from "./cinder/volume-attachment.ts";
import { volumeType } from "./cinder/volume-type.ts";
import { glanceImage, webImage } from "./glance/image.ts";
import { autoScalingGroup } from "./heat/auto-scaling-group.ts";
import { delay } from "./heat/delay.ts";
import { deployedServer } from "./heat/deployed-server.ts";
import {
  softwareDeploymentGroup,
  softwareDeployments,
  structuredDeploymentGroup,
  structuredDeployments,
} from "./heat/deployment-group.ts";
import { multipartMime, softwareComponent } from "./heat/more-configs.ts";
import { none } from "./heat/none.ts";
import { randomString } from "./heat/random-string.ts";
import { resourceChain } from "./heat/resource-chain.ts";
import { resourceGroup } from "./heat/resource-group.ts";
import { scalingPolicy } from "./heat/scaling-policy.ts";
import { cloudConfig, softwareConfig, structuredConfig } from "./heat/software-config.ts";
import { softwareDeployment, structuredDeployment } from "./heat/software-deployment.ts";
import { stack } from "./heat/stack.ts";
import { swiftSignal, swiftSignalHandle } from "./heat/swift-signal.ts";
import { testResource } from "./heat/test-resource.ts";
import { value } from "./heat/value.ts";
import { awsWaitCondition, waitCondition } from "./heat/wait-condition.ts";
import { awsHandle, updateHandle, waitConditionHandle } from "./heat/wait-condition-handle.ts";
import { keystoneEndpoint, keystoneRegion, keystoneService } from "./keystone/catalog.ts";
import { keystoneDomain } from "./keystone/domain.ts";
import { keystoneGroup } from "./keystone/group.ts";
import { keystoneProject } from "./keystone/project.ts";
import { keystoneRole } from "./keystone/role.ts";
import { groupRoleAssignment, userRoleAssignment } from "./keystone/role-assignment.ts";
import { keystoneUser } from "./keystone/user.ts";
import { addressScope } from "./neutron/address-scope.ts";
import { extraRoute, extraRouteSet } from "./neutron/extra-routes.ts";
import { floatingIp, floatingIpAssociation } from "./neutron/floating-ip.ts";
import { net } from "./neutron/net.ts";
import { port } from "./neutron/port.ts";
import { floatingIpPortForward } from "./neutron/port-forward.ts";
import { providerNet } from "./neutron/provider-net.ts";
import { neutronQuota } from "./neutron/quota.ts";
import { rbacPolicy } from "./neutron/rbac-policy.ts";
import { router, routerInterface } from "./neutron/router.ts";
import { routerGateway } from "./neutron/router-gateway.ts";
import { securityGroup } from "./neutron/security-group.ts";
import { securityGroupRule } from "./neutron/security-group-rule.ts";
import { subnet } from "./neutron/subnet.ts";
import { subnetPool } from "./neutron/subnet-pool.ts";
import { flavor } from "./nova/flavor.ts";
import { novaFloatingIp, novaFloatingIpAssociation } from "./nova/floating-ip.ts";
import { hostAggregate } from "./nova/host-aggregate.ts";
import { keyPair } from "./nova/key-pair.ts";
import { novaQuota } from "./nova/quota.ts";
import { server } from "./nova/server.ts";
import { serverGroup } from "./nova/server-group.ts";
import { swiftContainer } from "./swift/container.ts";
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
  autoScalingGroup,
  deployedServer,
  multipartMime,
  resourceChain,
  scalingPolicy,
  softwareComponent,
  softwareDeployment,
  softwareDeploymentGroup,
  softwareDeployments,
  structuredDeployment,
  structuredDeploymentGroup,
  structuredDeployments,
  swiftSignal,
  swiftSignalHandle,
  testResource,
  updateHandle,
  value,
  waitCondition,
  waitConditionHandle,
  awsHandle,
  awsWaitCondition,
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
  cinderQuota,
  volumeType,
  glanceImage,
  webImage,
  keystoneDomain,
  keystoneEndpoint,
  keystoneGroup,
  keystoneProject,
  keystoneRegion,
  keystoneRole,
  keystoneService,
  keystoneUser,
  groupRoleAssignment,
  userRoleAssignment,
  extraRoute,
  extraRouteSet,
  floatingIpPortForward,
  neutronQuota,
  providerNet,
  routerGateway,
  flavor,
  hostAggregate,
  novaQuota,
  swiftContainer,
  bucket,
  ec2SecurityGroup,
  ec2Subnet,
  ec2Volume,
  ec2VolumeAttachment,
  elasticIp,
  elasticIpAssociation,
  instance,
  internetGateway,
  networkInterface,
  routeTable,
  subnetRouteTableAssociation,
  vpc,
  vpcGatewayAttachment,
  novaFloatingIp,
  novaFloatingIpAssociation,
  ...absentTypes,
];

const byName = new Map(ALL.map((type) => [type.name, type]));

export const typeNamed = (name: string): ResourceType | undefined => byName.get(name);

/** What services are called in a catalog. */
const CATALOG_TYPES: Partial<Record<keyof Facades, string>> = {
  "block-storage": "volumev3",
};

/** Why a type cannot be used in this cloud, in heat's words; null: it can. */
export function whatIsLacking(
  { service, absent }: ResourceType,
  has: (service: keyof Facades) => boolean,
): { readonly client: string; readonly reason: string } | null {
  if (absent !== undefined) return absent;
  if (service === null || has(service.name)) return null;
  const { name, client } = service;
  return { client, reason: `${client} ${CATALOG_TYPES[name] ?? name} endpoint is not in service catalog.` };
}

/** In the order of their names, those whose service is there. */
export const typesOf = (has: (service: keyof Facades) => boolean): readonly ResourceType[] =>
  ALL.filter((type) => whatIsLacking(type, has) === null).sort((one, other) => (one.name < other.name ? -1 : 1));
