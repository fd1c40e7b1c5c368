import { isoMicrosNaive, isoSeconds } from "../../../kernel/time/clock.ts";
import type { TaskRow } from "../store/tasks.ts";

const json = (text: string | null): unknown => (text === null ? null : JSON.parse(text));

/** As `GET /v2/images/{id}/tasks` lists them: times with microseconds and without a zone. */
export const imageTaskView = (task: TaskRow) => ({
  id: task.id,
  type: task.type,
  status: task.status,
  owner: task.owner,
  expires_at: task.expires_at === null ? null : isoMicrosNaive(task.expires_at),
  created_at: isoMicrosNaive(task.created_at),
  updated_at: isoMicrosNaive(task.updated_at),
  deleted_at: null,
  deleted: false,
  image_id: task.image_id,
  request_id: task.request_id,
  user_id: task.user_id,
  input: json(task.input),
  result: json(task.result),
  message: task.message,
});

/** As the tasks API lists them. */
export const taskStub = (task: TaskRow) => ({
  id: task.id,
  type: task.type,
  status: task.status,
  owner: task.owner,
  ...(task.expires_at === null ? {} : { expires_at: isoSeconds(task.expires_at) }),
  created_at: isoSeconds(task.created_at),
  updated_at: isoSeconds(task.updated_at),
  self: `/v2/tasks/${task.id}`,
  schema: "/v2/schemas/task",
});

/** As the tasks API shows one. */
export const taskView = (task: TaskRow) => ({
  ...taskStub(task),
  ...(task.image_id === null ? {} : { image_id: task.image_id }),
  request_id: task.request_id,
  user_id: task.user_id,
  input: json(task.input),
  result: json(task.result),
  message: task.message,
});
