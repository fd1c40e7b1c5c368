import { forbidden } from "../../../kernel/errors.ts";
import { mv } from "../../../kernel/http/microversion.ts";
import type { AnyRoute } from "../../../kernel/http/route.ts";
import { serverNotMapped } from "../errors.ts";
import type { PowerManager } from "../manager/power.ts";
import type { ServerManager } from "../manager/servers.ts";
import { object } from "../schemas/parameter-types.ts";
import { serverAction } from "./action-helpers.ts";

const rebootSchema = object({ type: { type: "string", enum: ["HARD", "Hard", "hard", "SOFT", "Soft", "soft"] } }, [
  "type",
]);
const lockReason = object({ locked_reason: { type: "string", minLength: 1, maxLength: 255 } });
const lockSchema = { anyOf: [{ type: "null" }, lockReason] };

/** Power, pause, suspend, lock and reset-state. */
export function serverActionRoutes(servers: ServerManager, power: PowerManager): AnyRoute[] {
  return [
    serverAction<{ type: string }>(servers, {
      key: "reboot",
      policy: "os_compute_api:servers:reboot",
      schema: rebootSchema,
      handler(request, server, { type }) {
        power.reboot(request.context, server, type.toUpperCase() === "SOFT" ? "SOFT" : "HARD");
        return {};
      },
    }),
    serverAction(servers, {
      key: "os-start",
      policy: "os_compute_api:servers:start",
      missing: serverNotMapped,
      handler(request, server) {
        power.start(request.context, server);
        return {};
      },
    }),
    serverAction(servers, {
      key: "os-stop",
      policy: "os_compute_api:servers:stop",
      missing: serverNotMapped,
      handler(request, server) {
        power.stop(request.context, server);
        return {};
      },
    }),
    serverAction(servers, {
      key: "pause",
      policy: "os_compute_api:os-pause-server:pause",
      handler(request, server) {
        power.pause(request.context, server);
        return {};
      },
    }),
    serverAction(servers, {
      key: "unpause",
      policy: "os_compute_api:os-pause-server:unpause",
      handler(request, server) {
        power.unpause(request.context, server);
        return {};
      },
    }),
    serverAction(servers, {
      key: "suspend",
      policy: "os_compute_api:os-suspend-server:suspend",
      handler(request, server) {
        power.suspend(request.context, server);
        return {};
      },
    }),
    serverAction(servers, {
      key: "resume",
      policy: "os_compute_api:os-suspend-server:resume",
      handler(request, server) {
        power.resume(request.context, server);
        return {};
      },
    }),
    serverAction<{ locked_reason?: string } | null>(servers, {
      key: "lock",
      policy: "os_compute_api:os-lock-server:lock",
      schema: (version) => (version >= mv("2.73") ? lockSchema : true),
      handler(request, server, value) {
        const reason = request.microversion >= mv("2.73") ? (value?.locked_reason ?? null) : null;
        servers.lock(request.context, server, reason);
        return {};
      },
    }),
    serverAction(servers, {
      key: "unlock",
      policy: "os_compute_api:os-lock-server:unlock",
      handler(request, server) {
        // An owner may not take an admin's lock away.
        if (server.lockedBy === "admin") {
          const target = { projectId: server.projectId };
          if (!request.allowed("os_compute_api:os-lock-server:unlock:unlock_override", target)) {
            throw forbidden(
              "Policy doesn't allow os_compute_api:os-lock-server:unlock:unlock_override to be performed.",
            );
          }
        }
        servers.unlock(request.context, server);
        return {};
      },
    }),
    serverAction<{ state: "active" | "error" }>(servers, {
      key: "os-resetState",
      policy: "os_compute_api:os-admin-actions:reset_state",
      schema: object({ state: { type: "string", enum: ["active", "error"] } }, ["state"]),
      handler(request, server, { state }) {
        servers.resetState(request.context, server, state);
        return {};
      },
    }),
    serverAction(servers, {
      key: "restore",
      policy: "os_compute_api:os-deferred-delete:restore",
      handler(request, server) {
        servers.restore(request.context, server);
        return {};
      },
    }),
    serverAction(servers, {
      key: "forceDelete",
      policy: "os_compute_api:os-deferred-delete:force",
      handler(request, server) {
        servers.forceDelete(request.context, server);
        return {};
      },
    }),
  ];
}
