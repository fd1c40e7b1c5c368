import type { TypeRow } from "../store/types.ts";

/** Extra specs that everybody may see; the others tell of the backends (cinder's user_visible_extra_specs). */
export const VISIBLE_SPECS = ["RESKEY:availability_zones", "multiattach", "replication_enabled"];

export interface TypeViewer {
  seesExtraSpecs: boolean;
  seesQos: boolean;
}

export function visibleSpecs(type: TypeRow, viewer: TypeViewer): Record<string, string> {
  const specs = type.extra_specs;
  if (viewer.seesExtraSpecs) return specs;
  return Object.fromEntries(Object.entries(specs).filter(([key]) => VISIBLE_SPECS.includes(key)));
}

export const typeView = (type: TypeRow, viewer: TypeViewer) => ({
  id: type.id,
  name: type.name,
  is_public: type.is_public,
  description: type.description,
  extra_specs: visibleSpecs(type, viewer),
  ...(viewer.seesQos ? { qos_specs_id: null } : {}),
  "os-volume-type-access:is_public": type.is_public,
});
