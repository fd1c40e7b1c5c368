import { allOf, type Condition } from "../../../kernel/db/list.ts";
import { badRequest } from "../../../kernel/errors.ts";
import { mv } from "../../../kernel/http/microversion.ts";
import type { ApiRequest } from "../../../kernel/http/route.ts";
import { isoMoment } from "../../../kernel/time/moment.ts";
import { invalidInput } from "../errors.ts";
import { begins, compared, EVERYTHING, equals, hasPairs, isAny, isComparison, NOTHING } from "../manager/lists.ts";
import { strictBoolean } from "../schemas/parameter-types.ts";
import { type Literal, pythonLiteral } from "./python-literal.ts";

/** A filter that is no plain comparison of a column. */
export type SpecialFilter = (value: string, request: ApiRequest) => Condition;

/** A value as a column is compared with it: `['available', 'error']` means any of them, `None` that there is none. */
export function plain(column: string, value: string): Condition {
  const literal = pythonLiteral(value);
  if (literal === undefined) return equals(column, value);
  if (literal instanceof Map) return NOTHING;
  const values = Array.isArray(literal) ? literal : [literal];
  if (values.some((item) => typeof item === "object" && item !== null)) return NOTHING;
  return isAny(column, values.map(bound));
}

const bound = (value: Literal): string | number | null =>
  typeof value === "boolean" ? Number(value) : typeof value === "object" ? null : value;

/** `{'key': 'value'}`: every pair has to be there. What is no dictionary is nowhere. */
export const dictionary =
  (column: string): SpecialFilter =>
  (value) => {
    const wanted = pythonLiteral(value);
    if (!(wanted instanceof Map)) return NOTHING;
    return hasPairs(
      column,
      [...wanted].map(([key, item]) => [String(key), String(item)]),
    );
  };

/** Since 3.2 only what is a boolean; before, everything but "false" meant true. Errors: 400. */
export const flag =
  (column: string, key: string): SpecialFilter =>
  (value, request) => {
    if (request.microversion < mv("3.2")) return equals(column, /^(?:False|false|FALSE|)$/.test(value) ? 0 : 1);
    const wanted = strictBoolean(value);
    if (wanted === null) throw invalidInput(`'${key} = ${value}'`);
    return equals(column, wanted ? 1 : 0);
  };

/** `consumes_quota`: everything does. Errors: 400. */
export const consumesQuota: SpecialFilter = (value) => {
  const wanted = strictBoolean(value);
  if (wanted === null) throw badRequest(`Value '${value}' for 'use_quota' is not a boolean.`);
  return wanted ? EVERYTHING : NOTHING;
};

/** "box" has all its backends, "box@lvm" all its pools (cinder/db/sqlalchemy/api.py _filter_host). */
export const host =
  (column: string): SpecialFilter =>
  (value) => {
    const marks = value.includes("#") ? [] : value.includes("@") ? ["#"] : ["#", "@"];
    return begins(column, value, marks);
  };

/** `gt:2026-01-02T03:04:05,lt:…`. Errors: 400. */
export const time =
  (column: string): SpecialFilter =>
  (value) => {
    const parts = value.split(",").map((part) => {
      const [operator = "", ...rest] = part.split(":");
      const text = rest.join(":");
      if (!isComparison(operator)) throw badRequest(`Invalid ${operator} operator`);
      const ms = isoMoment(text);
      if (Number.isNaN(ms)) throw badRequest(`Invalid ${text} value`);
      return compared(column, operator, ms);
    });
    return allOf(parts);
  };
