import {
  admin,
  allOf,
  anyOf,
  anyone,
  ownerRule,
  type PolicyTable,
  projectMemberOrAdmin,
  projectReaderOrAdmin,
  role,
  type ScopesOf,
} from "../../kernel/policy/policy.ts";

/** Owner, member of the image, or anybody where the visibility says so. */
const reachable = ownerRule(
  "project_id:%(project_id)s or project_id:%(member_id)s or 'community':%(visibility)s or 'public':%(visibility)s or 'shared':%(visibility)s",
  (identity, target) =>
    target === null ||
    target.visibility === "public" ||
    target.visibility === "community" ||
    target.visibility === "shared" ||
    (identity.projectId !== null &&
      (target.projectId === identity.projectId || target.member_id === identity.projectId)),
);

const sharedMember = ownerRule(
  "project_id:%(member_id)s",
  (identity, target) => target === null || (identity.projectId !== null && target.member_id === identity.projectId),
);

/** The owner's, or anybody's where it is public. */
const reachableNamespace = ownerRule(
  "project_id:%(project_id)s or 'public':%(visibility)s",
  (identity, target) =>
    target === null ||
    target.visibility === "public" ||
    (identity.projectId !== null && target.projectId === identity.projectId),
);

const readerOfNamespace = anyOf(admin, allOf(role("reader"), reachableNamespace));
const readerOfReachable = anyOf(admin, allOf(role("reader"), reachable));
const memberReader = anyOf(projectReaderOrAdmin, allOf(role("reader"), sharedMember));

/** Names and rules of glance/policies. */
export const policies: PolicyTable = {
  "image:versions": anyone,
  add_image: projectMemberOrAdmin,
  delete_image: projectMemberOrAdmin,
  get_image: readerOfReachable,
  get_images: projectReaderOrAdmin,
  modify_image: projectMemberOrAdmin,
  publicize_image: admin,
  communitize_image: projectMemberOrAdmin,
  download_image: anyOf(admin, allOf(role("member"), reachable)),
  upload_image: projectMemberOrAdmin,
  copy_image: admin,
  add_member: projectMemberOrAdmin,
  delete_member: projectMemberOrAdmin,
  get_member: memberReader,
  get_members: memberReader,
  modify_member: anyOf(admin, allOf(role("member"), sharedMember)),
  deactivate: projectMemberOrAdmin,
  reactivate: projectMemberOrAdmin,
  manage_image_cache: admin,
  get_task: admin,
  get_tasks: admin,
  tasks_api_access: admin,
  get_metadef_namespaces: projectReaderOrAdmin,
  get_metadef_namespace: readerOfNamespace,
  add_metadef_namespace: admin,
  modify_metadef_namespace: admin,
  delete_metadef_namespace: admin,
  get_metadef_objects: readerOfNamespace,
  get_metadef_object: readerOfNamespace,
  add_metadef_object: admin,
  modify_metadef_object: admin,
  delete_metadef_object: admin,
  list_metadef_resource_types: readerOfNamespace,
  get_metadef_resource_type: readerOfNamespace,
  add_metadef_resource_type_association: admin,
  remove_metadef_resource_type_association: admin,
  get_metadef_properties: readerOfNamespace,
  get_metadef_property: readerOfNamespace,
  add_metadef_property: admin,
  modify_metadef_property: admin,
  remove_metadef_property: admin,
  get_metadef_tags: readerOfNamespace,
  get_metadef_tag: readerOfNamespace,
  add_metadef_tag: admin,
  add_metadef_tags: admin,
  modify_metadef_tag: admin,
  delete_metadef_tag: admin,
  delete_metadef_tags: admin,
  "image:info": role("reader"),
  "image:schemas": role("reader"),
};

/** glance's policies are for projects; what it answers without asking any is for all tokens. */
export const scopesOf: ScopesOf = (policy) => (policy.startsWith("image:") ? null : ["project"]);
