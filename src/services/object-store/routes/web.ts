import type { ApiRequest, ApiResponse } from "../../../kernel/http/route.ts";
import type { Managers } from "../manager/index.ts";
import type { ContainerRow } from "../store/containers.ts";
import type { Place } from "./touched.ts";

export async function webListing(
  _managers: Managers,
  _request: ApiRequest<unknown, Place>,
  _container: ContainerRow,
): Promise<ApiResponse | null> {
  return null;
}
