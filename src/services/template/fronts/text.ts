import type { Identity } from "../../../kernel/auth/context.ts";
import { badRequest, unauthorized } from "../../../kernel/errors.ts";
import { readBody } from "../../../kernel/http/body.ts";
import type { Exchange, Stages } from "../../../kernel/http/exchange.ts";
import { family } from "../../../kernel/http/families.ts";
import { type AnyRoute, caller, route } from "../../../kernel/http/route.ts";
import type { Front, Kernel } from "../../../kernel/module.ts";

/**
 * A second, tiny dialect of the same service, to copy: a bearer token, one note a line, errors as a line. It has stages of its own where it
 * speaks differently, and reaches the service only through the records of its API, so policies, schemas, quotas and traces hold here too.
 */
const stages: Partial<Stages> = {
  authenticate: [bearerToken],
  parse: ({ request }, limit) => readBody(request, limit),
  render: (_exchange, record, { status, body }) => text(status ?? record.success, String(body ?? "")),
  fail: ({ id }, error) => text(error.status, `error: ${error.message} (${id})`),
};

export const textFront: Front = {
  name: "template-text",
  endpoint: { prefix: "/template-text", classicPorts: [], catalog: [] },
  api: family({ stages, renderError: ({ message }) => message }),
};

export function textRoutes(kernel: Kernel): AnyRoute[] {
  return [
    route({
      name: "lines:list",
      method: "GET",
      path: "/notes",
      policy: "template:get_note",
      of: caller,
      success: 200,
      async handler({ context }) {
        const { body } = await kernel.call("template", "notes:list", context);
        const { notes } = body as { notes: readonly { name: string; status: string }[] };
        return { body: notes.map(({ name, status }) => `${name}\t${status}`).join("\n") };
      },
    }),
    route<string>({
      name: "lines:add",
      method: "POST",
      path: "/notes",
      policy: "template:create_note",
      of: caller,
      success: 202,
      async handler({ context, body }) {
        const name = body.trim();
        if (name.includes("\n")) throw badRequest("One line, one note.");
        await kernel.call("template", "notes:create", context, { body: { note: { name } } });
        return undefined;
      },
    }),
  ];
}

/** Errors: 401 for a token that nobody knows. */
function bearerToken({ request, kernel }: Exchange): Identity | null {
  const [, token] = /^Bearer (\S+)$/.exec(request.headers.get("authorization") ?? "") ?? [];
  if (token === undefined) return null;
  const identity = kernel.authenticator.authenticate(token);
  if (identity === null) throw unauthorized("This token is not valid.");
  return identity;
}

const text = (status: number, line: string): Response =>
  new Response(line === "" ? "" : `${line}\n`, { status, headers: { "content-type": "text/plain; charset=utf-8" } });
