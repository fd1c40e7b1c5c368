import type { Body } from "../schemas/attribute.ts";
import type { RbacRow } from "../store/rows.ts";

export const rbacPolicyView = (row: RbacRow): Body => ({
  id: row.id,
  tenant_id: row.project_id,
  project_id: row.project_id,
  object_type: row.object_type,
  object_id: row.object_id,
  action: row.action,
  target_tenant: row.target_project,
});
