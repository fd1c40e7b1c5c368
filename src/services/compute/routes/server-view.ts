import { mv } from "../../../kernel/http/microversion.ts";
import type { ApiRequest } from "../../../kernel/http/route.ts";
import type { Core } from "../manager/core.ts";
import type { Server } from "../store/servers.ts";
import { type GroupNames, ServerRenderer, type ServerViewOptions, serverDetail } from "../views/servers.ts";
import { linkBase } from "./paths.ts";

/** Turns servers into answers: knows what a request may see and keeps what was rendered. */
export class ServerPresenter {
  readonly #core: Core;
  #renderer = new ServerRenderer();
  /** Security group id → name: a name changes rarely, and then for all at once. */
  #groups = new Map<string, string>();

  constructor(core: Core) {
    this.#core = core;
  }

  options(request: ApiRequest): ServerViewOptions {
    const service = this.#core.hosts.compute();
    const target = { projectId: request.context.projectId };
    return {
      version: request.microversion,
      base: linkBase(request),
      bookmarks: request.baseUrl,
      extended: request.allowed("os_compute_api:os-extended-server-attributes", target),
      hostStatus: request.allowed("os_compute_api:servers:show:host_status", target),
      instanceNamePrefix: this.#core.kernel.settings.compute.instanceNamePrefix,
      hostState:
        service === undefined
          ? "UNKNOWN"
          : service.forced_down === 1
            ? "DOWN"
            : service.disabled === 1
              ? "MAINTENANCE"
              : "UP",
    };
  }

  /** A list's answer. */
  async page(
    request: ApiRequest,
    servers: readonly Server[],
    detailed: boolean,
    next: { rel: string; href: string } | null,
  ): Promise<{ raw: Uint8Array; headers: Record<string, string> }> {
    const raw = await this.#renderer.page(servers, this.options(request), detailed, next, {
      groupNames: (slice) => this.#groupNames(slice),
      pause: request.pause,
    });
    return { raw, headers: { "content-type": "application/json" } };
  }

  /** One server in full; since 2.71 with its group. */
  detail(request: ApiRequest, server: Server, options: { withGroup: boolean }): Record<string, unknown> {
    const view = serverDetail(server, this.options(request), this.#groupNames([server]));
    if (options.withGroup && request.microversion >= mv("2.71")) {
      view.server_groups = server.groupId === null ? [] : [server.groupId];
    }
    return view;
  }

  /** A security group has another name now: what was rendered with the old one is not shown again. */
  forgetGroups(): void {
    this.#groups = new Map();
    this.#renderer = new ServerRenderer();
  }

  #groupNames(servers: readonly Server[]): GroupNames {
    const missing = new Set<string>();
    for (const { vifs } of servers) {
      for (const { securityGroupIds } of vifs) {
        for (const id of securityGroupIds) if (!this.#groups.has(id)) missing.add(id);
      }
    }
    if (missing.size > 0) {
      const names = this.#core.kernel.facade("network").securityGroupNames([...missing]);
      for (const [id, name] of names) this.#groups.set(id, name);
    }
    // Once for each port, as neutron's driver lists them; nova shows a name once for each group and port.
    return ({ vifs }) =>
      [...new Set(vifs.flatMap(({ securityGroupIds }) => securityGroupIds))].flatMap(
        (id) => this.#groups.get(id) ?? [],
      );
  }
}
