import { declareService } from "../../kernel/config/declaration.ts";
import "./facade.ts";
import { settings } from "./settings.ts";

export const declaration = declareService({
  name: "orchestration",
  endpoint: {
    prefix: "/heat-api",
    classicPorts: ["orchestration"],
    catalog: [
      { name: "heat", type: "orchestration", path: "/v1/%(project_id)s", description: "Heat Orchestration Service" },
      {
        name: "heat-cfn",
        type: "cloudformation",
        path: "/v1",
        description: "Heat CloudFormation Service",
        prefix: "/heat-api-cfn",
      },
    ],
  },
  devstack: {
    project: "heat",
    api: ["h-api"],
    members: ["h-eng", "h-api", "h-api-cfn"],
    prefix: "h-",
    inner: ["h-eng", "h-api-cfn"],
    others: ["h-api-cw"],
  },
  needs: ["identity"],
  uses: ["network", "compute", "block-storage", "image", "object-store"],
  accounts: { service: [{ name: "heat" }] },
  settings,
  readme: {
    works:
      "stacks of HOT and CloudFormation templates: create, update, preview, delete, suspend, snapshots, nested ones, groups, conditions, environments, hooks, signals and wait conditions, software deployments, groups that scale, the CloudFormation API; servers, networks, volumes and what belongs to them",
    missing:
      "AWS::AutoScaling and InstanceGroup, zaqar's and object storage's ways of telling servers what to run, expressions of yaql, adoption",
  },
});

/** Loaded where the service is part of the cloud; a command that only reads local.conf does without. */
export const code = () => import("./index.ts");
