import { childOf, childrenOf, malformed, textOf, type XmlElement } from "../../../../kernel/xml/parse.ts";
import { s3Error } from "../../errors.ts";
import type { LifecycleRule } from "../../manager/s3/lifecycle.ts";
import type { DefaultRetention } from "../../manager/s3/object-lock.ts";
import type {
  CorsRule,
  Ownership,
  PublicAccessBlock,
  RoutingRule,
  Website,
} from "../../manager/s3/settings-of-buckets.ts";
import { tagOf } from "./tags.ts";

const METHODS = new Set(["GET", "PUT", "POST", "DELETE", "HEAD"]);
const MOST_CORS_RULES = 100;
const MOST_LIFECYCLE_RULES = 1000;

const texts = (element: XmlElement, name: string): string[] => childrenOf(element, name).map(({ text }) => text.trim());

/** A count of at least `least`; undefined: there is none. Errors: 400. */
function count(element: XmlElement, name: string, least: number): number | undefined {
  const text = textOf(element, name)?.trim();
  if (text === undefined) return undefined;
  if (!/^-?\d{1,10}$/.test(text)) throw malformed();
  if (Number(text) < least)
    throw s3Error("InvalidArgument", `'${name}' for Expiration action must be a positive integer`);
  return Number(text);
}

function root(element: XmlElement, name: string): XmlElement {
  if (element.name !== name) throw malformed();
  return element;
}

/** Errors: 400. */
export function corsRules(element: XmlElement): CorsRule[] {
  const rules = childrenOf(root(element, "CORSConfiguration"), "CORSRule");
  if (rules.length === 0 || rules.length > MOST_CORS_RULES) throw malformed();
  return rules.map((rule) => {
    const origins = texts(rule, "AllowedOrigin");
    const methods = texts(rule, "AllowedMethod");
    if (origins.length === 0 || methods.length === 0) throw malformed();
    for (const method of methods)
      if (!METHODS.has(method))
        throw s3Error(
          "InvalidRequest",
          `Found unsupported HTTP method in CORS config. Unsupported method is ${method}`,
        );
    for (const origin of [...origins, ...texts(rule, "AllowedHeader")])
      if (origin.split("*").length > 2)
        throw s3Error("InvalidRequest", `AllowedOrigin "${origin}" can not have more than one wildcard.`);
    const id = textOf(rule, "ID");
    const maxAge = count(rule, "MaxAgeSeconds", 0);
    return {
      ...(id === undefined ? {} : { id }),
      origins,
      methods,
      headers: texts(rule, "AllowedHeader"),
      exposed: texts(rule, "ExposeHeader"),
      ...(maxAge === undefined ? {} : { maxAge }),
    };
  });
}

/** Errors: 400, 501 for what would move objects elsewhere. */
export function lifecycleRules(element: XmlElement, makeId: () => string): LifecycleRule[] {
  const rules = childrenOf(root(element, "LifecycleConfiguration"), "Rule");
  if (rules.length === 0 || rules.length > MOST_LIFECYCLE_RULES) throw malformed();
  const parsed = rules.map((rule) => lifecycleRule(rule, makeId));
  if (new Set(parsed.map(({ id }) => id)).size !== parsed.length)
    throw s3Error("InvalidArgument", "Rule ID must be unique. Found same ID for more than one rule");
  return parsed;
}

function lifecycleRule(rule: XmlElement, makeId: () => string): LifecycleRule {
  const id = textOf(rule, "ID")?.trim() ?? "";
  if (id.length > 255) throw s3Error("InvalidArgument", "ID length should not exceed allowed limit of 255");
  const status = textOf(rule, "Status")?.trim();
  if (status !== "Enabled" && status !== "Disabled") throw malformed();
  if (childOf(rule, "Transition") !== undefined || childOf(rule, "NoncurrentVersionTransition") !== undefined)
    throw s3Error("NotImplemented", "There is one storage class: objects cannot be moved to another.");
  const filter = childOf(rule, "Filter");
  const and = filter === undefined ? undefined : childOf(filter, "And");
  const from = and ?? filter ?? rule;
  if (filter !== undefined && childOf(rule, "Prefix") !== undefined) throw malformed();
  const expiration = childOf(rule, "Expiration");
  const noncurrent = childOf(rule, "NoncurrentVersionExpiration");
  const abort = childOf(rule, "AbortIncompleteMultipartUpload");
  if (expiration === undefined && noncurrent === undefined && abort === undefined) throw malformed();
  const greater = count(from, "ObjectSizeGreaterThan", 0);
  const less = count(from, "ObjectSizeLessThan", 0);
  const older = noncurrent === undefined ? undefined : count(noncurrent, "NoncurrentDays", 1);
  const newer = noncurrent === undefined ? undefined : count(noncurrent, "NewerNoncurrentVersions", 1);
  if (noncurrent !== undefined && older === undefined) throw malformed();
  const days = abort === undefined ? undefined : count(abort, "DaysAfterInitiation", 1);
  return {
    id: id === "" ? makeId() : id,
    enabled: status === "Enabled",
    isOldForm: filter === undefined,
    prefix: textOf(from, "Prefix") ?? "",
    tags: filter === undefined ? [] : childrenOf(from, "Tag").map(tagOf),
    ...(greater === undefined ? {} : { greater }),
    ...(less === undefined ? {} : { less }),
    ...(expiration === undefined ? {} : { expiration: expirationOf(expiration) }),
    ...(older === undefined ? {} : { noncurrent: { days: older, ...(newer === undefined ? {} : { newer }) } }),
    ...(days === undefined ? {} : { abort: days }),
  };
}

function expirationOf(expiration: XmlElement): NonNullable<LifecycleRule["expiration"]> {
  const days = count(expiration, "Days", 1);
  const text = textOf(expiration, "Date")?.trim();
  const marker = textOf(expiration, "ExpiredObjectDeleteMarker")?.trim();
  if ([days, text, marker].filter((each) => each !== undefined).length !== 1) throw malformed();
  if (text === undefined) return days === undefined ? { marker: marker === "true" } : { days };
  const date = Date.parse(text);
  if (Number.isNaN(date) || !/^\d{4}-/.test(text)) throw malformed();
  if (date % 86_400_000 !== 0) throw s3Error("InvalidArgument", "'Date' must be at midnight GMT");
  return { date };
}

/** Errors: 400. */
export function websiteOf(element: XmlElement): Website {
  root(element, "WebsiteConfiguration");
  const all = childOf(element, "RedirectAllRequestsTo");
  const index = childOf(element, "IndexDocument");
  const error = childOf(element, "ErrorDocument");
  const rules = childOf(element, "RoutingRules");
  if (all !== undefined) {
    const host = textOf(all, "HostName");
    if (host === undefined || index !== undefined || error !== undefined || rules !== undefined) throw malformed();
    const protocol = textOf(all, "Protocol");
    return { redirectAll: { host, ...(protocol === undefined ? {} : { protocol }) }, rules: [] };
  }
  const suffix = index === undefined ? undefined : textOf(index, "Suffix");
  const key = error === undefined ? undefined : textOf(error, "Key");
  if (suffix === undefined)
    throw s3Error(
      "InvalidArgument",
      "A value for IndexDocument Suffix must be provided if RedirectAllRequestsTo is empty",
    );
  if (suffix === "" || suffix.includes("/"))
    throw s3Error("InvalidArgument", "The IndexDocument Suffix is not well formed");
  return {
    index: suffix,
    ...(key === undefined ? {} : { error: key }),
    rules: rules === undefined ? [] : childrenOf(rules, "RoutingRule").map(routingRule),
  };
}

function routingRule(rule: XmlElement): RoutingRule {
  const condition = childOf(rule, "Condition");
  const redirect = childOf(rule, "Redirect");
  if (redirect === undefined) throw malformed();
  const text = (element: XmlElement, name: string, as: string) => {
    const value = textOf(element, name);
    return value === undefined ? {} : { [as]: value };
  };
  const code = count(redirect, "HttpRedirectCode", 300);
  const errorCode = condition === undefined ? undefined : count(condition, "HttpErrorCodeReturnedEquals", 400);
  return {
    ...(condition === undefined
      ? {}
      : {
          condition: {
            ...text(condition, "KeyPrefixEquals", "prefix"),
            ...(errorCode === undefined ? {} : { errorCode }),
          },
        }),
    redirect: {
      ...text(redirect, "Protocol", "protocol"),
      ...text(redirect, "HostName", "host"),
      ...text(redirect, "ReplaceKeyPrefixWith", "replacePrefix"),
      ...text(redirect, "ReplaceKeyWith", "replaceKey"),
      ...(code === undefined ? {} : { code }),
    },
  };
}

/** Errors: 400. */
export function objectLockOf(element: XmlElement): { default?: DefaultRetention } {
  root(element, "ObjectLockConfiguration");
  if (textOf(element, "ObjectLockEnabled") !== "Enabled") throw malformed();
  const rule = childOf(element, "Rule");
  if (rule === undefined) return {};
  const retention = childOf(rule, "DefaultRetention");
  const mode = retention === undefined ? undefined : textOf(retention, "Mode");
  if (retention === undefined || (mode !== "GOVERNANCE" && mode !== "COMPLIANCE")) throw malformed();
  const days = lockPeriod(retention, "Days");
  const years = lockPeriod(retention, "Years");
  if ((days === undefined) === (years === undefined)) throw malformed();
  return { default: { mode, ...(days === undefined ? {} : { days }), ...(years === undefined ? {} : { years }) } };
}

function lockPeriod(retention: XmlElement, name: "Days" | "Years"): number | undefined {
  const text = textOf(retention, name)?.trim();
  if (text === undefined) return undefined;
  if (!/^-?\d{1,6}$/.test(text)) throw malformed();
  const number = Number(text);
  if (number <= 0 || number > (name === "Days" ? 36_500 : 100))
    throw s3Error("InvalidRetentionPeriod", "Default retention period must be a positive integer value");
  return number;
}

/** Errors: 400. */
export function ownershipRule(element: XmlElement): Ownership {
  const rules = childrenOf(root(element, "OwnershipControls"), "Rule");
  const [rule] = rules;
  const text = rule === undefined ? undefined : textOf(rule, "ObjectOwnership");
  if (
    rules.length === 1 &&
    (text === "BucketOwnerEnforced" || text === "BucketOwnerPreferred" || text === "ObjectWriter")
  )
    return text;
  throw malformed();
}

/** Errors: 400. */
export function publicAccessOf(element: XmlElement): PublicAccessBlock {
  root(element, "PublicAccessBlockConfiguration");
  const isOn = (name: string): boolean => {
    const text = textOf(element, name)?.trim().toLowerCase() ?? "false";
    if (text !== "true" && text !== "false") throw malformed();
    return text === "true";
  };
  return {
    blockPublicAcls: isOn("BlockPublicAcls"),
    ignorePublicAcls: isOn("IgnorePublicAcls"),
    blockPublicPolicy: isOn("BlockPublicPolicy"),
    restrictPublicBuckets: isOn("RestrictPublicBuckets"),
  };
}
