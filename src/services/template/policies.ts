import { type PolicyTable, projectMemberOrAdmin, projectReaderOrAdmin } from "../../kernel/policy/policy.ts";

export const policies: PolicyTable = {
  "template:create_note": projectMemberOrAdmin,
  "template:get_note": projectReaderOrAdmin,
};
