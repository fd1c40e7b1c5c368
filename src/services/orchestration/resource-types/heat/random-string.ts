import { randomInt } from "node:crypto";
import { valueMistake } from "../../language/mistakes.ts";
import type { ResourceType } from "../types.ts";

const UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const LOWER = UPPER.toLowerCase();
const DIGITS = "0123456789";
const CLASSES: Readonly<Record<string, string>> = {
  lettersdigits: LOWER + UPPER + DIGITS,
  letters: LOWER + UPPER,
  lowercase: LOWER,
  uppercase: UPPER,
  digits: DIGITS,
  hexdigits: `${DIGITS}abcdefABCDEF`,
  octdigits: "01234567",
};

interface Properties {
  readonly length: number;
  readonly character_classes: readonly { class: string; min: number }[] | null;
  readonly sequence?: string | null;
  readonly character_sequences: readonly { sequence: string; min: number }[] | null;
}

const min = {
  type: "integer",
  default: 1,
  constraints: [{ range: { min: 1, max: 512 } }],
  description: "How many of them there are at least.",
} as const;

export const randomString: ResourceType = {
  name: "OS::Heat::RandomString",
  service: null,
  support: { version: "2014.1" },
  description: "A text of random characters that stays the same as long as the resource does.",
  properties: {
    length: {
      type: "integer",
      default: 32,
      constraints: [{ range: { min: 1, max: 512 } }],
      description: "How long it is.",
    },
    character_classes: {
      type: "list",
      description: "Kinds of characters to make it of.",
      default: [{ class: "lettersdigits", min: 1 }],
      items: {
        type: "map",
        fields: {
          class: {
            type: "string",
            default: "lettersdigits",
            constraints: [{ allowed_values: Object.keys(CLASSES) }],
            description: "A kind of characters.",
          },
          min,
        },
      },
    },
    character_sequences: {
      type: "list",
      description: "Characters to make it of.",
      items: {
        type: "map",
        fields: { sequence: { type: "string", required: true, description: "Characters." }, min },
      },
    },
    sequence: {
      type: "string",
      hidden: true,
      constraints: [{ allowed_values: Object.keys(CLASSES) }],
      description: "The kind of characters, in former words.",
    },
    salt: { type: "string", description: "Any text: another one makes another random text." },
  },
  attributes: { value: { type: "string", description: "The random text." } },
  validate({ properties }) {
    const { length, character_classes, character_sequences } = properties as unknown as Properties;
    const least = [...(character_classes ?? []), ...(character_sequences ?? [])].reduce(
      (sum, part) => sum + part.min,
      0,
    );
    if (least > length) {
      throw valueMistake(
        "Length property cannot be smaller than combined character class and character sequence minimums",
      );
    }
  },
  create(run) {
    if (run.data.value === undefined) run.setData("value", generate(run.properties as unknown as Properties));
    run.setPhysicalId(run.physicalName());
  },
  reference: ({ data, physicalName }) => data.value ?? physicalName(),
  attribute: ({ data }) => data.value ?? null,
  check() {},
};

function generate({ length, character_classes: classes, character_sequences, sequence }: Properties): string {
  const character_classes = sequence ? [{ class: sequence, min: 1 }] : classes;
  const parts = [
    ...(character_sequences ?? []).map(({ sequence, min }) => ({ characters: sequence, min })),
    ...(character_classes ?? []).map(({ class: name, min }) => ({ characters: CLASSES[name] ?? "", min })),
  ];
  const pick = (characters: string): string => characters.charAt(randomInt(characters.length));
  const chosen = parts.flatMap(({ characters, min }) => Array.from({ length: min }, () => pick(characters)));
  while (chosen.length < length) chosen.push(pick(parts[randomInt(parts.length)]?.characters ?? LOWER));
  for (let at = chosen.length - 1; at > 0; at -= 1) {
    const other = randomInt(at + 1);
    [chosen[at], chosen[other]] = [chosen[other] ?? "", chosen[at] ?? ""];
  }
  return chosen.join("");
}
