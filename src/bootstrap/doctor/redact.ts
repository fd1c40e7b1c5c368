import type { Settings } from "../../kernel/config/settings.ts";

const HIDDEN = "***";

/** Shapes that are secret whatever their value: tokens, keys, passwords in URLs and bodies, user data. */
const SHAPES: readonly [RegExp, string][] = [
  [/gAAAA[\w-]{20,}={0,2}/g, HIDDEN],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g, HIDDEN],
  [
    /(["']?[\w-]*(?:password|passwd|secret|token|api_?key|user_?data|private_?key|adminPass|salt|credential_blob)[\w-]*["']?\s*[:=]\s*)("(?:[^"\\]|\\.)*"|'[^']*'|[^\s,;&}\]]+)/gi,
    `$1${HIDDEN}`,
  ],
  [/(authorization|x-auth-token|x-subject-token|x-service-token)(\s*[:=]\s*)\S+( \S+)?/gi, `$1$2${HIDDEN}`],
  [/(\w+:\/\/[^\s:/@]+):[^\s@/]+@/g, `$1:${HIDDEN}@`],
];

/** Takes secrets out of a text: known values first, then everything of a secret's shape. */
export function redact(text: string, secrets: readonly string[]): string {
  let result = text;
  // Longest first, so that none is left with the tail of another. Very short ones would blot out ordinary words.
  for (const secret of [...secrets].sort((one, other) => other.length - one.length)) {
    if (secret.length < 4) continue;
    for (const form of new Set([secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)]))
      result = result.replaceAll(form, HIDDEN);
  }
  for (const [shape, replacement] of SHAPES) result = result.replace(shape, replacement);
  return result;
}

export const knownSecrets = (settings: Settings): string[] => Object.values(settings.passwords);
