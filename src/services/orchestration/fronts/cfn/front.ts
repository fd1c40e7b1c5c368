import { family } from "../../../../kernel/http/families.ts";
import type { Front } from "../../../../kernel/module.ts";
import { choose, fail, render } from "./answers.ts";
import { authenticate } from "./authenticate.ts";
import { parse } from "./query.ts";

/** Amazon's CloudFormation: signed requests of its query protocol, and where wait conditions and alarms send their signals. */
export const cfnFront: Front = {
  name: "orchestration-cfn",
  endpoint: { prefix: "/heat-api-cfn", classicPorts: ["orchestrationCfn"], catalog: [] },
  api: family({
    stages: { authenticate: [authenticate], parse, choose, render, fail },
    renderError: ({ message }) => message,
    forbidden: (policy) => `Action ${policy.replace(/^cloudformation:/, "")} not allowed for user`,
  }),
};
