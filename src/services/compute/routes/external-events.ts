import { notFound } from "../../../kernel/errors.ts";
import { type AnyRoute, route } from "../../../kernel/http/route.ts";
import { refreshVifs } from "../manager/change.ts";
import type { Core } from "../manager/core.ts";
import type { VolumeExtender } from "../manager/volume-extend.ts";
import { object } from "../schemas/parameter-types.ts";

interface ExternalEvent {
  name: string;
  server_uuid: string;
  status?: string;
  tag?: string;
}

const eventsBody = object(
  {
    events: {
      type: "array",
      minItems: 1,
      items: object(
        {
          name: {
            type: "string",
            enum: [
              "network-changed",
              "network-vif-plugged",
              "network-vif-unplugged",
              "network-vif-deleted",
              "volume-extended",
              "power-update",
              "accelerator-request-bound",
              "volume-reimaged",
            ],
          },
          server_uuid: { type: "string", format: "uuid" },
          status: { type: "string", enum: ["failed", "completed", "in-progress"] },
          tag: { type: "string", maxLength: 255 },
        },
        ["name", "server_uuid"],
      ),
    },
  },
  ["events"],
);

export function eventRoutes(core: Core, extender: VolumeExtender): AnyRoute[] {
  return [
    route<{ events: ExternalEvent[] }>({
      name: "server-external-events:create",
      method: "POST",
      path: "/os-server-external-events",
      policy: "os_compute_api:os-server-external-events:create",
      request: eventsBody,
      success: 200,
      handler(request) {
        const answers = request.body.events.map((event) => {
          const server = core.servers.get(event.server_uuid);
          if (server === undefined || server.deletedAt !== null) return { ...event, status: "failed", code: 404 };
          return { ...event, status: event.status ?? "completed", code: server.host === null ? 422 : 200 };
        });
        const known = answers.filter(({ code }) => code !== 404);
        if (known.length === 0) throw notFound("No instances found for any event");
        refreshVifs(
          core,
          known.map(({ server_uuid }) => server_uuid),
        );
        for (const { name, tag, server_uuid } of known) {
          if (name === "volume-extended" && tag !== undefined) {
            extender.extended(tag, [server_uuid], request.context.requestId);
          }
        }
        const all = answers.every(({ code }) => code === 200);
        return { status: all ? 200 : 207, body: { events: answers } };
      },
    }),
  ];
}
