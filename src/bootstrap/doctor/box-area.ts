import type { Host } from "../../host/index.ts";
import type { Examined } from "./finding.ts";

/** The box's own wiring, which is not row by row in the ledger: it goes with its namespace. */
export async function examineBox(host: Host): Promise<Examined> {
  const { netns } = host.box;
  const name = "Box";
  // Its absence is the ledger's finding.
  if (!(await host.network.namespaces.exists(netns)))
    return { name, summary: `namespace ${netns} is gone`, findings: [] };
  const todo = "make the missing parts of the box again";
  const findings = (await host.box.wiring()).map(({ key, what, why }) => {
    return { key, severity: "error" as const, what, why, todo, repair: "box" as const };
  });
  const summary = findings.length === 0 ? `namespace ${netns}, linked and forwarding` : `namespace ${netns} is damaged`;
  return { name, summary, findings };
}
