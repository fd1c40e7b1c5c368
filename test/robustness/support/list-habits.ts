import type { Json } from "../../support/json.ts";
import type { Case } from "../lists.test.ts";

/**
 * How the lists of the real services take what makes no sense.
 *
 * Of source that was read for it: cinder's limits and filters of users (cinder/api/common.py); placement's traits
 * (handlers/trait.py, schemas/trait.py); keystone's filters, of which werkzeug's `args.items()` gives the first
 * (keystone/server/flask/common.py); that swift keeps the last of several parameters (swift/common/swob.py, `params`).
 *
 * The rest is judgement: what this project answered when its lists were written, from what was known of the services. In the greatest
 * doubt are the words with which keystone refuses a limit (the source that was read is from before it had pages), nova's schemas from 2.75
 * on, their wording above all (it is jsonschema's, and changes with its version), and the lists that IGNORED stands for.
 */

/** How much of the list comes, or what is said instead: status and words. */
export type Expected = "all" | "none" | "one" | "some" | "the next" | RegExp;

export interface Habit {
  answers: Readonly<Record<Case, Expected>>;
  /** What a marker of the list says of a thing. */
  markerOf(item: Json): string;
}

type Answers = Habit["answers"];

/** What is the same whatever is asked. */
const always = (expected: Expected): Answers => ({
  "no number": expected,
  zero: expected,
  negative: expected,
  huge: expected,
  "no limit": expected,
  "limits 1 and 0": expected,
  "lost marker": expected,
  "first's and lost marker": expected,
  "unknown sort key": expected,
  "unknown filter": expected,
  "filters for the first and for none": expected,
});
const IGNORED = always("all");

const byId = ({ id }: Json): string => String(id);
const habit = (answers: Answers, markerOf: Habit["markerOf"] = byId): Habit => ({ answers, markerOf });
/** The habits of a service: the first whose names of records fit. */
type Habits = readonly (readonly [records: RegExp, answers: Answers, markerOf?: Habit["markerOf"]])[];
const of =
  (...habits: Habits) =>
  (record: string): Habit => {
    const [, answers = IGNORED, markerOf] = habits.find(([records]) => records.test(record)) ?? [];
    return habit(answers, markerOf);
  };
const words = (status: number, text: string): RegExp =>
  new RegExp(`^${status} ${text.replace(/[[\]().?*^$|]/g, "\\$&").replaceAll("…", ".*")}$`);

const NOBODY = "6c1ef1f0-aaaa-4bbb-8ccc-00000000dead";

/** werkzeug's `args.get` and `args.items()` see the first of several. */
const KEYSTONE: Answers = {
  ...IGNORED,
  "no number": words(400, "Invalid input for field 'limit': 'x' is not a number of items"),
  zero: "none",
  negative: words(400, "Invalid input for field 'limit': '-1' is not a number of items"),
  "limits 1 and 0": "one",
  "lost marker": words(404, `Marker ${NOBODY} could not be found.`),
  "first's and lost marker": "the next",
  "filters for the first and for none": "one",
};

/** webob's `pop` takes the first of several out, and the rest are properties that no image has. */
const GLANCE: Answers = {
  "no number": words(400, "limit param must be an integer"),
  zero: "none",
  negative: words(400, "limit param must be positive"),
  huge: "all",
  "no limit": words(400, "limit param must be an integer"),
  "limits 1 and 0": "none",
  "lost marker": words(400, `Invalid marker: No image found with ID ${NOBODY}`),
  "first's and lost marker": "none",
  "unknown sort key": words(400, "Invalid sort key: nonsense. It must be one of the following: …"),
  "unknown filter": "none",
  "filters for the first and for none": "none",
};

/** The first of several counts, and what is left over is not looked at (glance/api/v2/metadef_namespaces.py, metadef_tags.py). */
const METADEFS: Answers = {
  ...GLANCE,
  "limits 1 and 0": "one",
  "first's and lost marker": "the next",
  "unknown sort key": words(400, "Sort key supplied was not valid."),
  "unknown filter": "all",
  "filters for the first and for none": "all",
};

/** webob's `GET[…]` is the last of several; a filter is met by any of its values. */
const badLimit = (text: string) =>
  words(400, `Bad limit request: Limit must be an integer 0 or greater and not '${text}'.`);
const NEUTRON: Answers = {
  "no number": badLimit("x"),
  zero: "all",
  negative: badLimit("-1"),
  huge: "all",
  "no limit": badLimit(""),
  "limits 1 and 0": "all",
  "lost marker": "one",
  "first's and lost marker": "one",
  "unknown sort key": words(400, "['nonsense'] is invalid attribute for sort_keys"),
  "unknown filter": words(400, "['nonsense'] is invalid attribute for filtering"),
  "filters for the first and for none": "some",
};
const NEUTRON_NAMELESS: Answers = {
  ...NEUTRON,
  "filters for the first and for none": words(400, "['name'] is invalid attribute for filtering"),
};
/** Markers that are looked up as a GET would be. */
const looked = (kind: string): Partial<Answers> => {
  const lost = words(404, `${kind} ${NOBODY} could not be found…`);
  return { "lost marker": lost, "first's and lost marker": lost };
};
const UNPAGED: Partial<Answers> = { "lost marker": "all", "first's and lost marker": "all" };

const unknownFilters = (names: string): RegExp => words(400, `Invalid filters ${names} are found in query options.`);
/** Control parameters are popped, the first of several; a second one is a filter that a user may not have. */
const cinder = (lost: string): Answers => ({
  "no number": words(400, "limit param must be an integer"),
  zero: "none",
  negative: words(400, "limit param must be positive"),
  huge: "all",
  "no limit": words(400, "limit param must be an integer"),
  "limits 1 and 0": unknownFilters("limit"),
  "lost marker": words(404, lost),
  "first's and lost marker": unknownFilters("marker"),
  "unknown sort key": words(400, "Invalid input received: Invalid sort key"),
  "unknown filter": unknownFilters("nonsense"),
  "filters for the first and for none": "none",
});
const CINDER_NAMELESS: Partial<Answers> = { "filters for the first and for none": unknownFilters("name") };
/** Every parameter is a filter. */
const CINDER_POOLS: Answers = {
  ...always(unknownFilters("limit")),
  "lost marker": unknownFilters("limit,marker"),
  "first's and lost marker": unknownFilters("limit,marker"),
  "unknown sort key": unknownFilters("sort_key,sort_dir"),
  "unknown filter": unknownFilters("nonsense"),
  "filters for the first and for none": "none",
};
const invalidKeys = (names: string): RegExp => words(400, `Invalid input received: Invalid filter keys: ${names}`);
const CINDER_CLUSTERS: Answers = {
  ...always(invalidKeys("limit")),
  "lost marker": invalidKeys("limit, marker"),
  "first's and lost marker": invalidKeys("limit, marker"),
  "unknown sort key": invalidKeys("sort_key, sort_dir"),
  "unknown filter": invalidKeys("nonsense"),
  "filters for the first and for none": "all",
};

/** Since 2.75 a list's schema refuses what it does not know; what may repeat is webob's last. */
const invalidQuery = (name: string, value: string, why: string): RegExp =>
  words(400, `Invalid input for query parameters ${name}. Value: ${value}. ${why}`);
const unexpected = (names: string): RegExp =>
  invalidQuery("", "", `Additional properties are not allowed (${names} unexpected)`);
const tooLong = (name: string): RegExp => invalidQuery(name, "[…]", "[…] is too long");
const nova = (lost: RegExp): Answers => ({
  "no number": invalidQuery("limit", "x", "'x' does not match '^[0-9]*$'"),
  zero: "none",
  negative: invalidQuery("limit", "-1", "'-1' does not match '^[0-9]*$'"),
  huge: "all",
  "no limit": invalidQuery("limit", "", "'' is too short"),
  "limits 1 and 0": "none",
  "lost marker": lost,
  "first's and lost marker": lost,
  "unknown sort key": unexpected("'sort_key', 'sort_dir' were"),
  "unknown filter": unexpected("'nonsense' was"),
  "filters for the first and for none": unexpected("'name' was"),
});
const BRACKETED = words(400, `marker [${NOBODY}] not found`);
const PLAIN = words(400, `Marker ${NOBODY} could not be found.`);
/** Those whose schema takes each parameter once. */
const ONCE: Partial<Answers> = { "limits 1 and 0": tooLong("limit"), "first's and lost marker": tooLong("marker") };
const badSortKey = invalidQuery("sort_key", "nonsense", "'nonsense' is not one of […]");
/** By `offset`, with 0 for all that a page may have. */
const NOVA_OFFSET: Answers = {
  ...nova(unexpected("'marker' was")),
  zero: "all",
  "limits 1 and 0": "all",
};
/** The proxies' schemas are from before 2.75. */
const NOVA_OLD_OFFSET: Answers = {
  ...NOVA_OFFSET,
  "lost marker": "one",
  "first's and lost marker": "one",
  "unknown sort key": "all",
  "unknown filter": "all",
  "filters for the first and for none": "all",
};
/** No schema: get_limit_and_marker reads by itself. */
const NOVA_IMAGES: Answers = {
  ...IGNORED,
  "no number": words(400, "Invalid input received: limit must be an integer"),
  zero: "none",
  negative: words(400, "Invalid input received: limit must be >= 0"),
  "no limit": words(400, "Invalid input received: limit must be an integer"),
  "limits 1 and 0": "none",
  "lost marker": BRACKETED,
  "first's and lost marker": BRACKETED,
  "filters for the first and for none": "none",
};
const NOVA_SERVICES: Answers = {
  ...always(unexpected("'limit' was")),
  "lost marker": unexpected("'limit', 'marker' were"),
  "first's and lost marker": unexpected("'limit', 'marker' were"),
  "unknown sort key": unexpected("'sort_key', 'sort_dir' were"),
  "unknown filter": unexpected("'nonsense' was"),
  "filters for the first and for none": unexpected("'name' was"),
};

const malformed = words(
  400,
  "The server could not comply with the request since it is either malformed or otherwise incorrect.",
);

/** swift/common/constraints.py `constrain_req_limit`: what is no number says nothing; a marker is a place among the names. */
const SWIFT: Answers = {
  ...IGNORED,
  zero: "none",
  huge: words(412, "Maximum limit is 10000"),
  "limits 1 and 0": "none",
  "lost marker": "one",
  "first's and lost marker": "one",
};

/** Service → record → its habit. A record that no line is for ignores all that it is asked. */
/** Heat 19 (heat/api/openstack/v1): webob's `get` is the last of several, and what it does not know of the list of stacks it passes over. */
const HEAT: Answers = {
  ...IGNORED,
  "no number": words(400, "Only integer is acceptable by 'limit'."),
  zero: "none",
  negative: words(400, "Value '-1' is invalid for 'limit' which only accepts non-negative integer."),
  "limits 1 and 0": "none",
  "lost marker": "one",
  "first's and lost marker": "one",
};
const unknownOfHeat = (names: string) => words(400, `Invalid filter parameters [${names}]`);
const HEAT_RESOURCES: Answers = {
  ...always(unknownOfHeat("'limit'")),
  "lost marker": unknownOfHeat("'limit', 'marker'"),
  "first's and lost marker": unknownOfHeat("'limit', 'marker'"),
  "unknown sort key": unknownOfHeat("'sort_key', 'sort_dir'"),
  "unknown filter": unknownOfHeat("'nonsense'"),
  "filters for the first and for none": "none",
};

export const HABITS: Readonly<Record<string, (record: string) => Habit>> = {
  identity: of(
    [/^(domains|projects|users|groups):list$/, KEYSTONE],
    [
      /^(users:projects|roles:list|services:list|application-credentials:list)$/,
      { ...IGNORED, "filters for the first and for none": "one" },
    ],
    // The last release that had it put the query into a dict.
    [/^v2:tenants$/, { ...IGNORED, "filters for the first and for none": "none" }],
  ),
  image: of(
    [/^images:list$/, GLANCE],
    [
      /^tasks:list$/,
      {
        ...GLANCE,
        "lost marker": words(400, `No task found with ID ${NOBODY}`),
        "first's and lost marker": words(400, `No task found with ID ${NOBODY}`),
        "unknown sort key": words(400, "Sort key supplied was not valid."),
      },
    ],
    [
      /^metadef-namespaces:list$/,
      {
        ...METADEFS,
        "lost marker": words(404, `Metadata definition namespace=${NOBODY} was not found.`),
      },
      ({ namespace }) => String(namespace),
    ],
    [
      /^metadef-tags:list$/,
      { ...METADEFS, "no limit": "all", "lost marker": words(404, `Could not find metadata tag ${NOBODY}`) },
      ({ name }) => String(name),
    ],
    // Read, and of no effect.
    [
      /^metadef-objects:list$/,
      {
        ...IGNORED,
        "no number": words(400, "limit param must be an integer"),
        zero: words(400, "limit param must be positive"),
        negative: words(400, "limit param must be positive"),
        "no limit": words(400, "limit param must be an integer"),
      },
    ],
  ),
  network: of(
    [/^networks:list$/, { ...NEUTRON, ...looked("Network") }],
    [/^ports:list$/, { ...NEUTRON, ...looked("Port") }],
    [/^routers:list$/, { ...NEUTRON, ...looked("Router") }],
    [/^(agents|rbac_policies):list$/, { ...NEUTRON_NAMELESS, ...UNPAGED }],
    [
      /^network_ip_availabilities:list$/,
      { ...NEUTRON_NAMELESS, "lost marker": "none", "first's and lost marker": "none" },
    ],
    [/^(floatingips|security_group_rules|service_profiles|port_forwardings):list$/, NEUTRON_NAMELESS],
    [/^(subnets|subnetpools|address_scopes|address_groups|security_groups|flavors):list$/, NEUTRON],
  ),
  "block-storage": of(
    [/^volumes:(list|detail)$/, cinder(`Volume ${NOBODY} could not be found.`)],
    [/^snapshots:(list|detail)$/, cinder(`Snapshot ${NOBODY} could not be found.`)],
    [
      /^attachments:(list|detail)$/,
      { ...cinder(`Volume attachment could not be found with filter: attachment_id = ${NOBODY}.`), ...CINDER_NAMELESS },
    ],
    [/^types:list$/, { ...cinder(`Volume type ${NOBODY} could not be found.`), ...CINDER_NAMELESS }],
    [/^messages:list$/, { ...cinder(`Message ${NOBODY} could not be found.`), ...CINDER_NAMELESS }],
    [/^pools:list$/, CINDER_POOLS],
    [/^clusters:(list|detail)$/, CINDER_CLUSTERS],
  ),
  compute: of(
    [
      /^servers:(list|detail)$/,
      {
        ...nova(BRACKETED),
        "unknown sort key": badSortKey,
        "unknown filter": invalidQuery("", "", "'nonsense' does not match any of the regexes: '^_'"),
        "filters for the first and for none": "none",
      },
    ],
    [/^flavors:(list|detail)$/, { ...nova(BRACKETED), "unknown sort key": badSortKey }],
    [/^hypervisors:(list|detail)$/, { ...nova(BRACKETED), ...ONCE }],
    [/^keypairs:list$/, nova(PLAIN), ({ keypair }) => keypair.name],
    [/^simple-tenant-usage:list$/, nova(PLAIN)],
    [/^instance-actions:list$/, { ...nova(PLAIN), ...ONCE }, ({ request_id }) => request_id],
    [/^migrations:list$/, { ...nova(PLAIN), ...ONCE }],
    [/^(volume-attachments|server-groups):list$/, NOVA_OFFSET],
    [/^(security-groups:list|volumes:(list|detail)|snapshots:(list|detail))$/, NOVA_OLD_OFFSET],
    [/^images:(list|detail)$/, NOVA_IMAGES],
    [/^services:list$/, NOVA_SERVICES],
  ),
  placement: of(
    [/^resource-providers:list$/, { ...always(malformed), "filters for the first and for none": "none" }],
    [/^traits:list$/, always(malformed)],
  ),
  orchestration: of(
    [/^stacks:list$/, { ...HEAT, "filters for the first and for none": "none" }],
    [/^resource-types:list$/, { ...IGNORED, "filters for the first and for none": "none" }],
    [/^events:/, HEAT],
    [/^software-configs:list$/, HEAT],
    [/^resources:list$/, HEAT_RESOURCES],
  ),
  "object-store": of([/^(accounts|containers):show$/, SWIFT, ({ name }) => name]),
};
