import type { Body } from "../schemas/attribute.ts";
import type { FlavorRow, ServiceProfileRow } from "../store/rows.ts";

export const flavorView = (row: FlavorRow): Body => ({ ...row });

/** @param flavors ids of those that mean it */
export const serviceProfileView = (row: ServiceProfileRow, flavors: readonly string[]): Body => ({ ...row, flavors });
