import type { ResourceType } from "./types.ts";

/**
 * Types of heat 19 whose service, or extension of a service, this cloud does not have. As in heat they are not listed, and refused with the
 * reason where somebody asks for one. Client → the type of its service in catalogs, and what follows "OS::<first part>::".
 */
const SERVICES: readonly (readonly [client: string, serviceType: string, prefix: string, names: string])[] = [
  [
    "aodh",
    "alarming",
    "Aodh",
    "Alarm CombinationAlarm CompositeAlarm EventAlarm GnocchiAggregationByMetricsAlarm GnocchiAggregationByResourcesAlarm GnocchiResourcesAlarm LBMemberHealthAlarm",
  ],
  ["barbican", "key-manager", "Barbican", "CertificateContainer GenericContainer Order RSAContainer Secret"],
  ["blazar", "reservation", "Blazar", "Host Lease"],
  ["designate", "dns", "Designate", "Domain Record RecordSet Zone"],
  ["ironic", "baremetal", "Ironic", "Port"],
  ["magnum", "container-infra", "Magnum", "Bay BayModel Cluster ClusterTemplate"],
  ["manila", "sharev2", "Manila", "SecurityService Share ShareNetwork ShareType"],
  ["mistral", "workflowv2", "Mistral", "CronTrigger ExternalResource Workflow"],
  ["monasca", "monitoring", "Monasca", "AlarmDefinition Notification"],
  [
    "octavia",
    "load-balancer",
    "Octavia",
    "Flavor FlavorProfile HealthMonitor L7Policy L7Rule Listener LoadBalancer Pool PoolMember Quota",
  ],
  [
    "sahara",
    "data-processing",
    "Sahara",
    "Cluster ClusterTemplate DataSource ImageRegistry Job JobBinary NodeGroupTemplate",
  ],
  ["senlin", "clustering", "Senlin", "Cluster Node Policy Profile Receiver"],
  ["trove", "database", "Trove", "Cluster Instance"],
  ["vitrage", "rca", "Vitrage", "Template"],
  ["zaqar", "messaging", "Zaqar", "MistralTrigger Queue SignedQueueURL Subscription"],
  ["zun", "container", "Zun", "Container"],
];

const EXTENSIONS: readonly (readonly [client: string, extension: string, names: string])[] = [
  ["cinder", "encryption", "OS::Cinder::EncryptedVolumeType"],
  ["cinder", "qos-specs", "OS::Cinder::QoSAssociation OS::Cinder::QoSSpecs"],
  ["neutron", "fwaas", "OS::Neutron::Firewall OS::Neutron::FirewallPolicy OS::Neutron::FirewallRule"],
  ["neutron", "l2-gateway", "OS::Neutron::L2Gateway"],
  ["neutron", "l2-gateway-connection", "OS::Neutron::L2GatewayConnection"],
  [
    "neutron",
    "lbaas",
    "OS::Neutron::HealthMonitor OS::Neutron::LoadBalancer OS::Neutron::Pool OS::Neutron::PoolMember",
  ],
  [
    "neutron",
    "lbaasv2",
    "OS::Neutron::LBaaS::HealthMonitor OS::Neutron::LBaaS::L7Policy OS::Neutron::LBaaS::L7Rule OS::Neutron::LBaaS::Listener OS::Neutron::LBaaS::LoadBalancer OS::Neutron::LBaaS::Pool OS::Neutron::LBaaS::PoolMember",
  ],
  ["neutron", "metering", "OS::Neutron::MeteringLabel OS::Neutron::MeteringRule"],
  ["neutron", "network-gateway", "OS::Neutron::NetworkGateway"],
  [
    "neutron",
    "qos",
    "OS::Neutron::QoSBandwidthLimitRule OS::Neutron::QoSDscpMarkingRule OS::Neutron::QoSMinimumBandwidthRule OS::Neutron::QoSMinimumPacketRateRule OS::Neutron::QoSPolicy",
  ],
  ["neutron", "segment", "OS::Neutron::Segment"],
  [
    "neutron",
    "sfc",
    "OS::Neutron::FlowClassifier OS::Neutron::PortChain OS::Neutron::PortPair OS::Neutron::PortPairGroup",
  ],
  ["neutron", "taas", "OS::Neutron::TaaS::TapFlow OS::Neutron::TaaS::TapService"],
  ["neutron", "trunk", "OS::Neutron::Trunk"],
  [
    "neutron",
    "vpnaas",
    "OS::Neutron::IKEPolicy OS::Neutron::IPsecPolicy OS::Neutron::IPsecSiteConnection OS::Neutron::VPNService",
  ],
];

const absent = (name: string, client: string, reason: string): ResourceType => ({
  name,
  service: null,
  absent: { client, reason },
  properties: {},
  attributes: {},
  takesAnything: true,
});

export const absentTypes: readonly ResourceType[] = [
  ...SERVICES.flatMap(([client, serviceType, prefix, names]) =>
    names
      .split(" ")
      .map((name) =>
        absent(`OS::${prefix}::${name}`, client, `${client} ${serviceType} endpoint is not in service catalog.`),
      ),
  ),
  ...EXTENSIONS.flatMap(([client, extension, names]) =>
    names
      .split(" ")
      .map((name) => absent(name, client, `Required extension ${extension} in ${client} service is not available.`)),
  ),
];
