import { ApiError, badRequest, conflict, notFound } from "../../kernel/errors.ts";
import { family } from "../../kernel/http/families.ts";

/** `{"NeutronError": {"type": "PortNotFound", "message": "…", "detail": ""}}` */
function networkEnvelope(error: ApiError): unknown {
  return { NeutronError: { type: error.type, message: error.message, detail: error.detail } };
}

/** How neutron words its errors. Unknown fields and wrong types are found by the attribute tables, not by JSON Schema. */
export const networkApi = family({
  renderError: networkEnvelope,
  formatSuffix: true,
  invalid: (issue) => badRequest(issue.message),
  forbidden: (policy) => `rule:${policy} is disallowed by policy`,
});

/** `{"type": "InvalidInput", "message": "Invalid input for operation: …."}` */
export const invalidInput = (message: string) =>
  badRequest(`Invalid input for operation: ${message}.`, { type: "InvalidInput" });
export const badResource = (resource: string, message: string) =>
  badRequest(`Bad ${resource} request: ${message}.`, { type: "BadRequest" });
export const disallowed = (rules: string) =>
  new ApiError(403, `${rules} is disallowed by policy`, { type: "PolicyNotAuthorized" });

export const networkNotFound = (id: string) =>
  notFound(`Network ${id} could not be found.`, { type: "NetworkNotFound" });
export const subnetNotFound = (id: string) => notFound(`Subnet ${id} could not be found.`, { type: "SubnetNotFound" });
export const subnetPoolNotFound = (id: string) =>
  notFound(`Subnet pool ${id} could not be found.`, { type: "SubnetPoolNotFound" });
export const addressScopeNotFound = (id: string) =>
  notFound(`Address scope ${id} could not be found.`, { type: "AddressScopeNotFound" });
export const addressGroupNotFound = (id: string) =>
  notFound(`Address group ${id} could not be found.`, { type: "AddressGroupNotFound" });
export const portNotFound = (id: string) => notFound(`Port ${id} could not be found.`, { type: "PortNotFound" });
export const routerNotFound = (id: string) => notFound(`Router ${id} could not be found`, { type: "RouterNotFound" });
export const floatingIpNotFound = (id: string) =>
  notFound(`Floating IP ${id} could not be found`, { type: "FloatingIPNotFound" });
export const portForwardingNotFound = (id: string) =>
  notFound(`Port Forwarding ${id} could not be found.`, { type: "PortForwardingNotFound" });
export const groupNotFound = (id: string) =>
  notFound(`Security group ${id} does not exist`, { type: "SecurityGroupNotFound" });
export const ruleNotFound = (id: string) =>
  notFound(`Security group rule ${id} does not exist`, { type: "SecurityGroupRuleNotFound" });
export const rbacNotFound = (id: string) =>
  notFound(`RBAC policy of type rbac_policy with ID ${id} not found`, { type: "RbacPolicyNotFound" });

export const networkInUse = (id: string, ports: readonly string[]) =>
  conflict(
    `Unable to complete operation on network ${id}. There are one or more ports still in use on the network, id for these ports is: ${ports.join(",")}.`,
    { type: "NetworkInUse" },
  );
export const subnetInUse = (id: string, reason = "One or more ports have an IP allocation from this subnet") =>
  conflict(`Unable to complete operation on subnet ${id}: ${reason}.`, { type: "SubnetInUse" });
export const addressTaken = (address: string, subnetId: string) =>
  conflict(`IP address ${address} already allocated in subnet ${subnetId}`, { type: "IpAddressAlreadyAllocated" });
export const noMoreAddresses = (networkId: string) =>
  conflict(`No more IP addresses available on network ${networkId}.`, { type: "IpAddressGenerationFailure" });
export const macInUse = (networkId: string, mac: string) =>
  conflict(`Unable to complete operation for network ${networkId}. The mac address ${mac} is in use.`, {
    type: "MacAddressInUse",
  });
export const overQuota = (resources: readonly string[]) =>
  conflict(`Quota exceeded for resources: [${resources.map((name) => `'${name}'`).join(", ")}].`, {
    type: "OverQuota",
  });
export const deviceNotOwned = (deviceId: string) =>
  conflict(`The following device_id ${deviceId} is not owned by your tenant or matches another tenants router.`, {
    type: "DeviceIDNotOwnedByTenant",
  });
export const servicePortInUse = (portId: string, owner: string) =>
  conflict(`Port ${portId} cannot be deleted directly via the port API: has device owner ${owner}.`, {
    type: "ServicePortInUse",
  });

export const agentNotFound = (id: string) => notFound(`Agent ${id} could not be found.`, { type: "AgentNotFound" });
export const invalidL3Agent = (id: string) =>
  notFound(`Agent ${id} is not a L3 Agent or has been disabled`, { type: "InvalidL3Agent" });
