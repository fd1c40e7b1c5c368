import { addressOf, type Call, headersOf, type Operation } from "./call.ts";
import { shownBody } from "./shown-body.ts";

const PLAIN = /^[A-Za-z0-9_@%+=:,./-]+$/;

/** As a shell takes it for one word. */
export const quoted = (word: string): string => (PLAIN.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);

/** What is typed to do the same. */
export const commandText = ({ command }: Operation): string =>
  command.map((words) => words.map(quoted).join(" ")).join("\n");

/** What is sent to do the same, with a token that the first line gets. */
export const curlText = ({ calls }: Operation): string =>
  ["TOKEN=$(openstack token issue -f value -c id)", ...calls.map(curl)].join("\n");

function curl(call: Call): string {
  const method = call.method ?? "GET";
  const url = `${location.origin}${addressOf(call)}`;
  const headers = Object.entries(headersOf(call)).filter(([name]) => name !== "accept");
  const lines = [
    `curl -sS${method === "GET" ? "" : ` -X ${method}`} ${quoted(url)}`,
    `-H "X-Auth-Token: $TOKEN"`,
    ...headers.map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`),
    ...(call.body === undefined ? [] : [`-d ${quoted(shownBody(call.body, call.secrets))}`]),
  ];
  return lines.join(" \\\n  ");
}
