import { mv } from "../../../kernel/http/microversion.ts";
import { type AnyRoute, type ApiRequest, type ApiResponse, route } from "../../../kernel/http/route.ts";

const WITH_DATES = mv("1.15");

/** Since 1.15 what has a body says how old it is, which is what this moment's database says, and that it may not be kept. */
export function dated(routes: readonly AnyRoute[], now: () => number): AnyRoute[] {
  return routes.map((record) =>
    route({
      ...record,
      async handler(request: ApiRequest): Promise<ApiResponse> {
        const answer = (await record.handler(request as ApiRequest<never, never>)) ?? {};
        const always = record.path === "/";
        if (answer.body === undefined || (request.microversion < WITH_DATES && !always)) return answer;
        const headers = { "cache-control": "no-cache", "last-modified": new Date(now()).toUTCString() };
        return { ...answer, headers: { ...headers, ...answer.headers } };
      },
    }),
  );
}
