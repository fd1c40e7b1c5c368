import type { ListedObject } from "../store/objects.ts";
import { isSubdir, type Listed } from "../values/listing.ts";
import { isoOf } from "../values/stamps.ts";

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#x27;",
};
const html = (text: string): string => text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? "");
/** Names of objects do not reach out of their folder, nor into the page (OSSA-2013-016 is the same of XML). */
const link = (name: string): string => `./${name.split("/").map(encodeURIComponent).join("/").replaceAll(".", "%2E")}`;

const PLAIN_STYLE = `  <style type="text/css">
   h1 {font-size: 1em; font-weight: bold;}
   th {text-align: left; padding: 0px 1em 0px 1em;}
   td {padding: 0px 1em 0px 1em;}
   a {text-decoration: none;}
  </style>
`;

export interface WebListing {
  /** Shown as the page's title. */
  label: string;
  prefix: string;
  /** A style sheet's path or URL; "": our own. */
  css: string;
  entries: readonly Listed<ListedObject>[];
  /** Behind each link: the signature of the URL that led here. */
  query: string;
  hasParent: boolean;
}

/** swift/common/middleware/staticweb.py, _listing. */
export function webListingPage({ label, prefix, css, entries, query, hasParent }: WebListing): string {
  const row = (kind: string, href: string, name: string, size: string, date: string) =>
    `   <tr class="${kind}">
    <td class="colname"><a href="${html(href)}${html(query)}">${html(name)}</a></td>
    <td class="colsize">${size}</td>
    <td class="coldate">${date}</td>
   </tr>
`;
  const folders = entries.flatMap((entry) => {
    if (!isSubdir(entry)) return [];
    const name = entry.subdir.slice(prefix.length);
    return [row("item subdir", link(name), name, "&nbsp;", "&nbsp;")];
  });
  const files = entries.flatMap((entry) => {
    if (isSubdir(entry)) return [];
    const name = entry.name.slice(prefix.length);
    const types = entry.content_type.split("/").map((part) => `type-${html(part.toLowerCase())}`);
    const date = isoOf(entry.stamp).slice(0, 19).replace("T", " ");
    return [row(`item ${types.join(" ")}`, link(name), name, readable(entry.system.slo?.size ?? entry.size), date)];
  });
  return `<!DOCTYPE html>
<html>
 <head>
  <title>Listing of ${html(label)}</title>
${styleOf(css, prefix)} </head>
 <body>
  <h1 id="title">Listing of ${html(label)}</h1>
  <table id="listing">
   <tr id="heading">
    <th class="colname">Name</th>
    <th class="colsize">Size</th>
    <th class="coldate">Date</th>
   </tr>
${hasParent ? row("item", "../", "../", "&nbsp;", "&nbsp;").replace("<tr ", '<tr id="parent" ') : ""}${folders.join("")}${files.join("")}  </table>
 </body>
</html>
`;
}

function styleOf(css: string, prefix: string): string {
  if (css === "") return PLAIN_STYLE;
  const isOutside = /^(?:\/|https?:\/\/)/.test(css);
  const path = isOutside ? encodeURI(css) : "../".repeat(prefix.split("/").length - 1) + encodeURI(css);
  return `  <link rel="stylesheet" type="text/css" href="${html(path)}" />\n`;
}

export function disabledPage(label: string, index: string): string {
  const missing =
    index === ""
      ? ""
      : `<h1>Index File Not Found</h1> <p>The owner of this web site has set  <b>X-Container-Meta-Web-Index: ${html(index)}</b>.  However, this file is not found.</p>`;
  return `<!DOCTYPE html>
<html>
<head>
<title>Listing of ${html(label)}</title>
  <style type="text/css">
   h1 {font-size: 1em; font-weight: bold;}
   p {font-size: 2}
  </style>
</head>
<body>  <h1>Web Listing Disabled</h1>   <p>The owner of this web site has disabled web listing.   <p>If you are the owner of this web site, you can enable   web listing by setting X-Container-Meta-Web-Listings.</p>${missing} </body>
</html>
`;
}

const UNITS = ["", "Ki", "Mi", "Gi", "Ti", "Pi"] as const;

function readable(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value > 1023 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${Math.round(value)}${UNITS[unit]}`;
}
