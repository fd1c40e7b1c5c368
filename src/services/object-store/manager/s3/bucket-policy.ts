import type { Identity } from "../../../../kernel/auth/context.ts";
import { s3Error } from "../../errors.ts";
import { type ConditionValues, holds, isOperator } from "./policy-conditions.ts";
import { wildcardFits } from "./wildcard.ts";

type Texts = string | string[];
interface Statement {
  Effect: "Allow" | "Deny";
  Principal?: "*" | Record<string, Texts>;
  NotPrincipal?: "*" | Record<string, Texts>;
  Action?: Texts;
  NotAction?: Texts;
  Resource?: Texts;
  NotResource?: Texts;
  Condition?: Record<string, Record<string, Texts | boolean | number>>;
}
export interface BucketPolicy {
  Statement: Statement[];
}

/** AWS's limit, in bytes. */
const MOST = 20 * 1024;

const listOf = (value: unknown): string[] =>
  (Array.isArray(value) ? value : value === undefined ? [] : [value]).map(String);

const malformed = (why: string) => s3Error("MalformedPolicy", why);

/** Errors: 400 MalformedPolicy. */
export function parsePolicy(text: string, bucket: string): BucketPolicy {
  if (Buffer.byteLength(text) > MOST) throw malformed("Policy exceeds the maximum allowed document size.");
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw malformed("Policies must be valid JSON and the first byte must be '{'");
  }
  if (typeof document !== "object" || document === null || Array.isArray(document))
    throw malformed("Policies must be valid JSON and the first byte must be '{'");
  const { Statement, Version } = document as { Statement?: unknown; Version?: unknown };
  if (Version !== undefined && Version !== "2012-10-17" && Version !== "2008-10-17")
    throw malformed("The policy must contain a valid version string");
  if (Statement === undefined) throw malformed("Missing required field Statement");
  const statements = (Array.isArray(Statement) ? Statement : [Statement]) as Statement[];
  for (const statement of statements) checkStatement(statement, bucket);
  return { Statement: statements };
}

function checkStatement(statement: Statement, bucket: string): void {
  if (typeof statement !== "object" || statement === null) throw malformed("Invalid policy syntax.");
  const { Effect, Principal, NotPrincipal, Action, NotAction, Resource, NotResource, Condition = {} } = statement;
  if (Effect !== "Allow" && Effect !== "Deny") throw malformed("Invalid effect");
  if (Effect === "Allow" && NotPrincipal !== undefined) throw malformed("Allow with NotPrincipal is not allowed.");
  if (Principal === undefined && NotPrincipal === undefined) throw malformed("Missing required field Principal");
  if (Action === undefined && NotAction === undefined) throw malformed("Missing required field Action");
  const resources = listOf(Resource ?? NotResource);
  if (resources.length === 0) throw malformed("Missing required field Resource");
  for (const action of listOf(Action ?? NotAction))
    if (action !== "*" && !/^s3:/i.test(action)) throw malformed("Policy has invalid action");
  for (const resource of resources) {
    const [, name] = /^arn:aws:s3:::([^/]*)/.exec(resource) ?? (resource === "*" ? ["", "*"] : []);
    if (name === undefined || !wildcardFits(name, bucket)) throw malformed("Policy has invalid resource");
  }
  for (const [operator, keys] of Object.entries(Condition)) {
    if (!isOperator(operator)) throw malformed(`Invalid Condition type : ${operator}`);
    if (typeof keys !== "object" || keys === null) throw malformed("Invalid policy syntax.");
  }
}

export interface PolicyQuestion {
  identity: Identity;
  /** "s3:GetObject" */
  action: string;
  /** "bucket" or "bucket/key" */
  resource: string;
  values: ConditionValues;
}

/** A statement that denies stands above all that allow; null: none says anything. */
export function policySays({ Statement }: BucketPolicy, question: PolicyQuestion): "Allow" | "Deny" | null {
  const said = Statement.filter((statement) => applies(statement, question)).map(({ Effect }) => Effect);
  return said.includes("Deny") ? "Deny" : said.includes("Allow") ? "Allow" : null;
}

function applies(statement: Statement, { identity, action, resource, values }: PolicyQuestion): boolean {
  const { Principal, NotPrincipal, Action, NotAction, Resource, NotResource, Condition = {} } = statement;
  if (
    Principal !== undefined
      ? !isNamed(Principal, identity)
      : NotPrincipal !== undefined && isNamed(NotPrincipal, identity)
  )
    return false;
  const isAction = (text: string) => wildcardFits(text.toLowerCase(), action.toLowerCase());
  if (Action !== undefined ? !listOf(Action).some(isAction) : listOf(NotAction).some(isAction)) return false;
  const isResource = (text: string) => wildcardFits(withVariables(text, values), `arn:aws:s3:::${resource}`);
  if (Resource !== undefined ? !listOf(Resource).some(isResource) : listOf(NotResource).some(isResource)) return false;
  return Object.entries(Condition).every(([operator, keys]) =>
    Object.entries(keys).every(([key, wanted]) =>
      holds(
        operator,
        key,
        listOf(wanted).map((text) => withVariables(text, values)),
        values,
      ),
    ),
  );
}

/** `${aws:username}` of policies of the newer version. */
const withVariables = (text: string, values: ConditionValues): string =>
  text.replace(/\$\{([\w:*?$/-]+)\}/g, (whole, key: string) => values[key.toLowerCase()]?.[0] ?? whole);

/**
 * "*", a project's id, "arn:aws:iam::<project>:root", or "arn:aws:iam::<project>:user/<name or id>"; as RGW also without a project's name
 * ("arn:aws:iam:::user/<project>").
 */
function isNamed(principal: "*" | Record<string, Texts>, { userId, userName, projectId }: Identity): boolean {
  if (principal === "*") return true;
  if (typeof principal !== "object" || principal === null) return false;
  return listOf(principal.AWS).some((name) => {
    if (name === "*") return true;
    if (userId === "" || projectId === null) return false;
    if (name === projectId) return true;
    const [, project = "", kind, who] = /^arn:aws:iam::([^:]*):(root|user\/(.+))$/.exec(name) ?? [];
    if (kind === undefined) return false;
    if (kind === "root") return project === projectId;
    if (project === "") return who === projectId || who === userId;
    return project === projectId && (who === userName || who === userId || who === projectId);
  });
}

/** Keys that tie a statement to a place, so that it is not for everybody. */
const NARROWING =
  /^(?:aws:(?:sourceip|sourcevpc|sourcevpce|sourcearn|sourceaccount|principalorgid|principalarn|userid|username|principalaccount)|s3:(?:dataaccesspointarn|dataaccesspointaccount))$/i;

/** Whether it lets anybody in. */
export function isPublicPolicy({ Statement }: BucketPolicy): boolean {
  return Statement.some(({ Effect, Principal, NotPrincipal, Condition = {} }) => {
    if (Effect !== "Allow") return false;
    const all = Principal === "*" || (Principal !== undefined && listOf(Principal.AWS).includes("*"));
    if (!all && NotPrincipal === undefined) return false;
    return !Object.entries(Condition).some(
      ([operator, keys]) =>
        !/not|ifexists|null/i.test(operator) &&
        Object.entries(keys).some(
          ([key, wanted]) =>
            NARROWING.test(key) && listOf(wanted).every((text) => !/^\*|^(?:0\.0\.0\.0|::)\/[0-7]$/.test(text)),
        ),
    );
  });
}
