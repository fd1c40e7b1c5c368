import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createApps } from "../../../src/app.ts";
import { HostExec } from "../../../src/host/exec.ts";
import { discard, Logger } from "../../../src/kernel/log/logger.ts";
import { image } from "../../../src/services/image/index.ts";
import { type Answer, identityStub, type TestCloud, testCloud } from "../../support/cloud.ts";

export interface ImageCloud extends TestCloud {
  /** Where image files are. */
  directory: string;
  create(attributes?: Record<string, unknown>, token?: string): Promise<Answer["body"]>;
  upload(id: string, data: Uint8Array | string, token?: string): Promise<Answer>;
}

/** A cloud with the image service over a temporary directory. */
export async function imageCloud(
  settings: Record<string, unknown> = {},
  more: Record<string, unknown> = {},
): Promise<ImageCloud> {
  const directory = await mkdtemp(join(tmpdir(), "tenrec-image-"));
  const exec = new HostExec({ log: new Logger("test", { sink: discard }), tracer: null });
  const t = await testCloud([identityStub(), image({ exec })], {
    settings: { ...more, image: { imageDir: directory, ...settings } },
  });
  return {
    ...t,
    directory,
    async create(attributes = {}, token = "member:alpha") {
      const answer = await t.request("POST", "/image/v2/images", {
        token,
        body: { name: "one", disk_format: "raw", container_format: "bare", ...attributes },
        headers: { accept: "application/json" },
      });
      if (answer.status !== 201) throw new Error(`create answered ${answer.status}: ${JSON.stringify(answer.body)}`);
      return answer.body;
    },
    async upload(id, data, token = "member:alpha") {
      const { all } = createApps(t.cloud);
      const response = await all.request(`/image/v2/images/${id}/file`, {
        method: "PUT",
        headers: { "x-auth-token": token, "content-type": "application/octet-stream", accept: "application/json" },
        body: data as string,
      });
      const text = await response.text();
      const isJson = response.headers.get("content-type")?.includes("json") === true;
      return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
    },
    async close() {
      await t.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
