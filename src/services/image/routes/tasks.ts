import { wantedPage } from "../../../kernel/db/paging.ts";
import { ApiError, badRequest } from "../../../kernel/errors.ts";
import { type AnyRoute, route } from "../../../kernel/http/route.ts";
import { pythonRepr } from "../../../kernel/http/validation.ts";
import { invalidEnum, schemaMismatch } from "../errors.ts";
import type { ImportTasks } from "../manager/import-tasks.ts";
import { pageOfTasks } from "../manager/task-listing.ts";
import type { TaskStore } from "../store/tasks.ts";
import { taskStub, taskView } from "../views/tasks.ts";
import { linksOf, type Pages, pagingOf } from "./pages.ts";

interface CreateTaskBody {
  type: string;
  input: Record<string, unknown> | null;
}

/** Errors: 400 as glance words it. */
function checkTask({ body }: { body: unknown }): void {
  if (typeof body !== "object" || body === null) throw badRequest("Body expected in request.");
  for (const name of ["type", "input"]) if (!Object.hasOwn(body, name)) throw badRequest(`Task '${name}' is required`);
  const { type, input } = body as Record<string, unknown>;
  if (!TYPES.includes(String(type))) throw schemaMismatch("task", invalidEnum(type, TYPES));
  if (typeof input !== "object" || Array.isArray(input))
    throw schemaMismatch("task", `${pythonRepr(input)} is not of type 'null', 'object'`);
}

const TYPES = ["import", "api_image_import"];

/** `/v2/tasks`: what imports did, for administrators, and the older way to begin one. */
export function taskRoutes(tasks: TaskStore, importTasks: ImportTasks, pages: Pages): AnyRoute[] {
  return [
    route<CreateTaskBody>({
      name: "tasks:create",
      method: "POST",
      path: "/v2/tasks",
      policy: "tasks_api_access",
      success: 201,
      handler(request) {
        checkTask(request);
        const task = importTasks.create(request.context, request.body.type, request.body.input ?? {});
        return { headers: { location: `/v2/tasks/${task.id}` }, body: taskView(task) };
      },
    }),
    route({
      name: "tasks:list",
      method: "GET",
      path: "/v2/tasks",
      policy: "get_tasks",
      success: 200,
      async handler({ query, pause }) {
        const { rows, last } = await pageOfTasks(tasks, query, wantedPage(query, pagingOf(pages)), pause);
        const links = linksOf("/v2/tasks", query, last);
        return { body: { tasks: rows.map(taskStub), ...links, schema: "/v2/schemas/tasks" } };
      },
    }),
    route({
      name: "tasks:show",
      method: "GET",
      path: "/v2/tasks/:task_id",
      policy: "get_task",
      success: 200,
      handler({ param }) {
        const task = tasks.get(param("task_id"));
        if (task === undefined) throw new ApiError(404, `No task found with ID ${param("task_id")}`);
        return { body: taskView(task) };
      },
    }),
    route({
      name: "tasks:delete",
      method: "DELETE",
      path: "/v2/tasks/:task_id",
      policy: "tasks_api_access",
      success: 405,
      handler() {
        throw new ApiError(
          405,
          "This operation is currently not permitted on Glance Tasks. They are auto deleted after reaching the time based on their expires_at property.",
          { headers: { allow: "GET" } },
        );
      },
    }),
  ];
}
