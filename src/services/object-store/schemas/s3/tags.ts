import { childOf, childrenOf, malformed, textOf, type XmlElement } from "../../../../kernel/xml/parse.ts";
import { s3Error } from "../../errors.ts";
import type { Tag } from "../../manager/s3/settings-of-buckets.ts";

const MOST = { object: 10, bucket: 50 } as const;

/** `x-amz-tagging`: "a=b&c=d". Errors: 400. */
export function parseTagging(text: string): Tag[] {
  const tags: Tag[] = [];
  for (const [key, value] of new URLSearchParams(text)) tags.push({ key, value });
  return checked(tags, "object");
}

/** `<Tagging><TagSet><Tag>…`. Errors: 400. */
export function tagsOf(root: XmlElement, of: "object" | "bucket"): Tag[] {
  const set = root.name === "Tagging" ? childOf(root, "TagSet") : undefined;
  if (set === undefined) throw malformed();
  return checked(childrenOf(set, "Tag").map(tagOf), of);
}

export function tagOf(element: XmlElement): Tag {
  const key = textOf(element, "Key");
  const value = textOf(element, "Value");
  if (key === undefined || value === undefined) throw malformed();
  return { key, value };
}

function checked(tags: Tag[], of: keyof typeof MOST): Tag[] {
  if (tags.length > MOST[of])
    throw s3Error("InvalidTag", `${of === "object" ? "Object" : "Bucket"} tags cannot be greater than ${MOST[of]}`);
  if (new Set(tags.map(({ key }) => key)).size !== tags.length)
    throw s3Error("InvalidTag", "Cannot provide multiple Tags with the same key");
  for (const { key, value } of tags) {
    if (key === "" || key.length > 128) throw s3Error("InvalidTag", "The TagKey you have provided is invalid");
    if (value.length > 256) throw s3Error("InvalidTag", "The TagValue you have provided is invalid");
    if (/^aws:/i.test(key)) throw s3Error("InvalidTag", "System tags cannot be added/updated by requester");
  }
  return tags;
}
