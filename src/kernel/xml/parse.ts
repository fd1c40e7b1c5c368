import { XmlElement as ParsedElement, parseXml as parseDocument, XmlText } from "@rgrove/parse-xml";
import { ApiError } from "../errors.ts";
import type { Pause } from "../turns/slices.ts";

/** An element of a document that a client sent. Namespaces' prefixes are left out of names; attributes keep theirs. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  /** Its own text, that of its children left out. */
  readonly text: string;
}

const MAX_DEPTH = 32;

/**
 * The root of a document. Declarations of a document's type, and with them entities of its own, are refused and not only left
 * unread (OSSA-2023-001). Errors: 400 MalformedXML.
 */
export function parseXml(text: string): XmlElement {
  checkShape(text);
  try {
    const { root } = parseDocument(text);
    if (root !== null) return elementOf(root);
  } catch (error) {
    throw malformed(error);
  }
  throw malformed();
}

/** A document of more characters is parsed in several turns of the loop: some milliseconds each. */
const LONG = 64 * 1024;

/** The same, of a long list of things: those directly below the root are parsed some at a time. Errors: 400 MalformedXML. */
export async function parseXmlInTurns(text: string, pause: Pause): Promise<XmlElement> {
  if (text.length <= LONG) return parseXml(text);
  const { start, name, ends } = checkShape(text);
  const head = text.slice(0, start);
  const whole: XmlElement[] = [];
  let from = start;
  for (const end of ends) {
    if (end - from < LONG) continue;
    // The root with some of its children: what is well-formed so is so in the whole.
    whole.push(parseXml(`${head}${text.slice(from, end)}</${name}>`));
    from = end;
    await pause();
  }
  whole.push(parseXml(head + text.slice(from)));
  const [first] = whole;
  if (first === undefined) throw malformed();
  return {
    ...first,
    children: whole.flatMap(({ children }) => children),
    text: whole.map(({ text }) => text).join(""),
  };
}

export const malformed = (cause?: unknown): ApiError =>
  new ApiError(400, "The XML you provided was not well-formed or did not validate against our published schema", {
    type: "MalformedXML",
    cause,
  });

/**
 * Before the parser, which calls itself for what is nested, sees it. Answers the name of the root and where its content begins, and where
 * those directly below it end.
 */
function checkShape(text: string): { start: number; name: string; ends: number[] } {
  let depth = 0;
  const shape = { start: 0, name: "", ends: [] as number[] };
  for (let at = text.indexOf("<"); at !== -1; at = text.indexOf("<", at)) {
    if (text.startsWith("<!--", at)) at = behind(text, "-->", at + 4);
    else if (text.startsWith("<![CDATA[", at)) at = behind(text, "]]>", at + 9);
    else if (text.startsWith("<!", at)) throw malformed();
    else if (text.startsWith("<?", at)) at = behind(text, "?>", at + 2);
    else {
      const end = behind(text, ">", at + 1);
      const isEnd = text[at + 1] === "/";
      const isEmpty = text[end - 2] === "/";
      if (shape.start === 0) Object.assign(shape, { start: end, name: /^<([^\s/>]*)/.exec(text.slice(at, end))?.[1] });
      if (isEnd) depth -= 1;
      else if (!isEmpty) depth += 1;
      if (depth > MAX_DEPTH) throw malformed();
      if (depth === 1 && (isEnd || isEmpty)) shape.ends.push(end);
      at = end;
    }
  }
  return shape;
}

function behind(text: string, mark: string, from: number): number {
  const at = text.indexOf(mark, from);
  if (at === -1) throw malformed();
  return at + mark.length;
}

function elementOf(element: ParsedElement): XmlElement {
  const children: XmlElement[] = [];
  let text = "";
  for (const node of element.children) {
    if (node instanceof ParsedElement) children.push(elementOf(node));
    else if (node instanceof XmlText) text += node.text;
  }
  return { name: element.name.replace(/^.*:/, ""), attributes: element.attributes, children, text };
}

export const childrenOf = (element: XmlElement, name: string): XmlElement[] =>
  element.children.filter((child) => child.name === name);

export const childOf = (element: XmlElement, name: string): XmlElement | undefined =>
  element.children.find((child) => child.name === name);

/** The text of a child without children; undefined where there is none. */
export const textOf = (element: XmlElement, name: string): string | undefined => childOf(element, name)?.text;
