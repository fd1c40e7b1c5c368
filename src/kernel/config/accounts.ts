/** Users that seeding makes with ADMIN_PASSWORD, as DevStack does. */
export const USERS = [
  "admin",
  "demo",
  "demo_reader",
  "alt_demo",
  "alt_demo_member",
  "alt_demo_reader",
  "system_member",
  "system_reader",
] as const;
/** One per service that DevStack gives an account: SERVICE_PASSWORD, and the role admin or service on the service project. */
export const SERVICE_USERS = ["nova", "glance", "cinder", "neutron", "placement", "swift"] as const;
