import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Json } from "../../support/json.ts";
import { type Heat, heat } from "./support.ts";

const of = (Type: string, Properties: Json = {}) => ({ Type, Properties });
const ref = (Ref: string) => ({ Ref });
const att = (...path: string[]) => ({ "Fn::GetAtt": path });
const cfn = (Resources: Json, Outputs: Record<string, unknown> = {}) => ({
  HeatTemplateFormatVersion: "2012-12-12",
  Resources,
  Outputs: Object.fromEntries(Object.entries(Outputs).map(([name, Value]) => [name, { Value }])),
});

describe("types of EC2, as old templates have them", () => {
  let t: Heat;
  before(async () => {
    t = await heat();
    const wanted = { name: "tiny", disk_format: "raw", container_format: "bare" };
    const image = (await t.ask("POST", "/image/v2/images", wanted)).body.id as string;
    await t.ask("PUT", `/image/v2/images/${image}/file`, "x".repeat(1024), {
      "content-type": "application/octet-stream",
    });
  });
  after(() => t.close());

  const NET = "/networking/v2.0";
  const counts = async () => ({
    networks: (await t.ask("GET", `${NET}/networks`)).body.networks.length,
    ports: (await t.ask("GET", `${NET}/ports`)).body.ports.length,
    routers: (await t.ask("GET", `${NET}/routers`)).body.routers.length,
    groups: (await t.ask("GET", `${NET}/security-groups`)).body.security_groups.length,
    addresses: (await t.ask("GET", `${NET}/floatingips`)).body.floatingips.length,
    servers: (await t.ask("GET", "/compute/v2.1/servers")).body.servers.length,
    volumes: (await t.ask("GET", `/volume/v3/${t.project}/volumes`)).body.volumes.length,
  });
  const complete = async (stack: Awaited<ReturnType<Heat["make"]>>) => {
    const { stack_status, stack_status_reason } = await stack.show();
    assert.match(stack_status, /_COMPLETE$/, stack_status_reason);
  };

  test("a VPC with a subnet, a way outside, a server, its address and its volume come and go", async () => {
    const before = await counts();
    const template = (extra: Json) =>
      cfn(
        {
          association: of("AWS::EC2::EIPAssociation", {
            AllocationId: att("address", "AllocationId"),
            NetworkInterfaceId: ref("card"),
          }),
          address: of("AWS::EC2::EIP", { Domain: "vpc" }),
          attachment: of("AWS::EC2::VolumeAttachment", {
            InstanceId: ref("server"),
            VolumeId: ref("volume"),
            Device: "/dev/vdc",
          }),
          volume: of("AWS::EC2::Volume", {
            Size: 1,
            AvailabilityZone: "nova",
            Tags: [{ Key: "use", Value: "data" }],
          }),
          server: of("AWS::EC2::Instance", {
            ImageId: "tiny",
            InstanceType: "m1.nano",
            NetworkInterfaces: [ref("card")],
            Tags: [{ Key: "role", Value: "web" }],
            ...extra,
          }),
          card: of("AWS::EC2::NetworkInterface", {
            SubnetId: ref("subnet"),
            GroupSet: [ref("group")],
            PrivateIpAddress: "10.61.0.20",
          }),
          group: of("AWS::EC2::SecurityGroup", {
            GroupDescription: "web",
            VpcId: ref("vpc"),
            SecurityGroupIngress: [{ IpProtocol: "tcp", FromPort: "80", ToPort: "80", CidrIp: "0.0.0.0/0" }],
          }),
          outside: of("AWS::EC2::VPCGatewayAttachment", { VpcId: ref("vpc"), InternetGatewayId: ref("gateway") }),
          gateway: of("AWS::EC2::InternetGateway"),
          routed: of("AWS::EC2::SubnetRouteTableAssociation", {
            RouteTableId: ref("table"),
            SubnetId: ref("subnet"),
          }),
          table: of("AWS::EC2::RouteTable", { VpcId: ref("vpc") }),
          subnet: of("AWS::EC2::Subnet", { CidrBlock: "10.61.0.0/24", VpcId: ref("vpc") }),
          vpc: of("AWS::EC2::VPC", { CidrBlock: "10.61.0.0/16" }),
        },
        {
          ip: att("server", "PrivateIp"),
          card: att("card", "PrivateIpAddress"),
          id: ref("server"),
          address: ref("address"),
          group: ref("group"),
        },
      );
    // The route table's router is on the subnet once it is associated: the address needs it.
    const whole = template({});
    whole.Resources.association = { ...whole.Resources.association, DependsOn: ["routed", "outside"] } as Json;
    const stack = await t.make("amazon", whole);
    await complete(stack);
    const outputs = await stack.outputs();
    assert.deepEqual([outputs.ip, outputs.card], ["10.61.0.20", "10.61.0.20"]);
    assert.match(outputs.address, /^172\.24\.4\./);
    const { floatingips } = (await t.ask("GET", `${NET}/floatingips?floating_ip_address=${outputs.address}`)).body;
    assert.equal(floatingips[0].fixed_ip_address, "10.61.0.20");
    const { server } = (await t.ask("GET", `/compute/v2.1/servers/${outputs.id}`)).body;
    assert.equal(server.metadata.role, "web");
    assert.equal(server["os-extended-volumes:volumes_attached"].length, 1);
    const rules = (await t.ask("GET", `${NET}/security-groups/${outputs.group}`)).body.security_group
      .security_group_rules as Json[];
    assert.equal(rules.filter((rule) => rule.direction === "ingress" && rule.port_range_min === 80).length, 1);
    assert.ok(rules.some((rule) => rule.direction === "egress"));
    const changed = template({ Tags: [{ Key: "role", Value: "db" }] });
    changed.Resources.association = { ...changed.Resources.association, DependsOn: ["routed", "outside"] } as Json;
    changed.Resources.group = of("AWS::EC2::SecurityGroup", {
      GroupDescription: "web",
      VpcId: ref("vpc"),
      SecurityGroupIngress: [{ IpProtocol: "tcp", FromPort: "443", ToPort: "443", CidrIp: "0.0.0.0/0" }],
    });
    await stack.update(changed);
    await complete(stack);
    assert.equal((await stack.outputs()).id, outputs.id, "the same server");
    const later = (await t.ask("GET", `/compute/v2.1/servers/${outputs.id}`)).body.server;
    assert.equal(later.metadata.role, "db");
    const now = (await t.ask("GET", `${NET}/security-groups/${outputs.group}`)).body.security_group
      .security_group_rules as Json[];
    assert.deepEqual(
      now.filter((rule) => rule.direction === "ingress").map((rule) => rule.port_range_min),
      [443],
    );
    await stack.delete();
    await complete(stack);
    assert.deepEqual(await counts(), before);
  });

  test("a bucket is a container: who may read it, its site, its URL", async () => {
    const stack = await t.make(
      "bucket",
      cfn(
        {
          b: of("AWS::S3::Bucket", {
            AccessControl: "PublicRead",
            WebsiteConfiguration: { IndexDocument: "index.html", ErrorDocument: "error.html" },
            Tags: [{ Key: "colour", Value: "red" }],
          }),
        },
        { id: ref("b"), url: att("b", "WebsiteURL"), host: att("b", "DomainName") },
      ),
    );
    await complete(stack);
    const { id, url, host } = await stack.outputs();
    assert.equal(new URL(url).hostname, host);
    assert.ok(url.endsWith(`/${id}`));
    const head = await t.request("HEAD", `/object-store/v1/AUTH_${t.project}/${id}`, { token: t.token });
    assert.equal(head.headers.get("x-container-read"), ".r:*");
    assert.equal(head.headers.get("x-container-meta-web-index"), "index.html");
    assert.equal(head.headers.get("x-container-meta-s3-tag-colour"), "red");
    await stack.delete();
    await complete(stack);
  });
});
