import { badRequest } from "../../../kernel/errors.ts";

/** Page sizes. */
export interface Pages {
  pageSizeDefault: number;
  pageSizeMax: number;
}

/** Errors: 400 for nonsense or a negative number. 0 is a page with nothing on it. */
export function pageSize(query: URLSearchParams, pages: Pages): number {
  const text = query.get("limit");
  if (text === null) return Math.min(pages.pageSizeDefault, pages.pageSizeMax);
  if (/^-\d+$/.test(text)) throw badRequest("limit param must be positive");
  if (!/^\d{1,9}$/.test(text)) throw badRequest("limit param must be an integer");
  return Math.min(Number(text), pages.pageSizeMax);
}
