import { isoSeconds } from "../../../kernel/time/clock.ts";
import type { MemberRow } from "../store/members.ts";

export const memberView = (member: MemberRow) => ({
  member_id: member.member_id,
  image_id: member.image_id,
  status: member.status,
  created_at: isoSeconds(member.created_at),
  updated_at: isoSeconds(member.updated_at),
  schema: "/v2/schemas/member",
});
