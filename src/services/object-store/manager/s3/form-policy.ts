import { s3Error } from "../../errors.ts";

/** Fields that a policy need not speak of. */
const FREE = /^(?:x-amz-signature|signature|policy|awsaccesskeyid|file|x-ignore-.*|x-amz-checksum-.*|submit)$/;

export interface FormLimits {
  least: number;
  most: number;
}

const failed = (why: string) => s3Error("AccessDenied", `Invalid according to Policy: ${why}`);

/**
 * Whether a form's fields (names in lower case) are what its signer meant. Answers how long the file may be.
 * Errors: 400 for a policy that is none, 403.
 */
export function checkFormPolicy(encoded: string, fields: Readonly<Record<string, string>>, now: number): FormLimits {
  const document = parsed(encoded);
  const expiration = Date.parse(document.expiration);
  if (Number.isNaN(expiration) || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/.test(document.expiration))
    throw s3Error("InvalidPolicyDocument", "Invalid Policy: Invalid 'expiration' value");
  if (expiration <= now) throw failed("Policy expired.");
  const limits: FormLimits = { least: 0, most: Number.POSITIVE_INFINITY };
  const spoken = new Set<string>();
  for (const condition of document.conditions) {
    for (const [operator, name, value] of conditionsOf(condition)) {
      if (operator === "content-length-range") {
        limits.least = number(name);
        limits.most = number(value);
        continue;
      }
      const field = String(name).replace(/^\$/, "").toLowerCase();
      spoken.add(field);
      const given = fields[field] ?? "";
      const fits = operator === "starts-with" ? given.startsWith(String(value)) : given === String(value);
      if (!fits) throw failed(`Policy Condition failed: ["${operator}", "$${field}", "${String(value)}"]`);
    }
  }
  for (const field of Object.keys(fields))
    if (!FREE.test(field) && field !== "bucket" && !spoken.has(field)) throw failed(`Extra input fields: ${field}`);
  return limits;
}

function parsed(encoded: string): { expiration: string; conditions: unknown[] } {
  let document: unknown;
  try {
    document = JSON.parse(Buffer.from(encoded, "base64").toString());
  } catch {
    throw s3Error("InvalidPolicyDocument", "Invalid Policy: Invalid JSON.");
  }
  const { expiration, conditions } = (document ?? {}) as { expiration?: unknown; conditions?: unknown };
  if (typeof expiration !== "string")
    throw s3Error("InvalidPolicyDocument", "Invalid Policy: Policy missing expiration.");
  if (!Array.isArray(conditions)) throw s3Error("InvalidPolicyDocument", "Invalid Policy: Policy missing conditions.");
  return { expiration, conditions };
}

function conditionsOf(condition: unknown): [operator: string, name: unknown, value: unknown][] {
  if (Array.isArray(condition)) {
    const [operator, name, value] = condition;
    const known =
      typeof operator === "string" && ["eq", "starts-with", "content-length-range"].includes(operator.toLowerCase());
    if (condition.length !== 3 || !known) throw s3Error("InvalidPolicyDocument", "Invalid Policy: Invalid Condition.");
    return [[operator.toLowerCase(), name, value]];
  }
  if (typeof condition !== "object" || condition === null)
    throw s3Error("InvalidPolicyDocument", "Invalid Policy: Invalid Condition.");
  const pairs = Object.entries(condition);
  if (pairs.length === 0) throw s3Error("InvalidPolicyDocument", "Invalid Policy: Invalid Condition.");
  return pairs.map(([name, value]) => ["eq", name, value]);
}

function number(value: unknown): number {
  const count = Number(value);
  if (!Number.isInteger(count) || count < 0)
    throw s3Error("InvalidPolicyDocument", "Invalid Policy: Invalid 'content-length-range' value");
  return count;
}
