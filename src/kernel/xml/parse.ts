import { XmlElement as ParsedElement, parseXml as parseDocument, XmlText } from "@rgrove/parse-xml";
import { ApiError } from "../errors.ts";

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

export const malformed = (cause?: unknown): ApiError =>
  new ApiError(400, "The XML you provided was not well-formed or did not validate against our published schema", {
    type: "MalformedXML",
    cause,
  });

/** Before the parser, which calls itself for what is nested, sees it. */
function checkShape(text: string): void {
  let depth = 0;
  for (let at = text.indexOf("<"); at !== -1; at = text.indexOf("<", at)) {
    if (text.startsWith("<!--", at)) at = behind(text, "-->", at + 4);
    else if (text.startsWith("<![CDATA[", at)) at = behind(text, "]]>", at + 9);
    else if (text.startsWith("<!", at)) throw malformed();
    else if (text.startsWith("<?", at)) at = behind(text, "?>", at + 2);
    else {
      const end = behind(text, ">", at + 1);
      if (text[at + 1] === "/") depth -= 1;
      else if (text[end - 2] !== "/") depth += 1;
      if (depth > MAX_DEPTH) throw malformed();
      at = end;
    }
  }
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
