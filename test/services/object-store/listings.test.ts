import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { afterPrefix, compareNames } from "../../../src/services/object-store/values/names.ts";
import { A, type SwiftCloud, swiftCloud } from "./support.ts";

describe("listings", () => {
  let t: SwiftCloud;
  const names = ["a/", "a/b/1", "a/b/2", "a/c", "a/k/1", "a/l", "a/m", "a/m/1", "a/n", "a/z/1", "b", "ä/x"];
  before(async () => {
    t = await swiftCloud();
    await t.swift("PUT", `${A}/c`);
    for (const name of names) await t.swift("PUT", `${A}/c/${encodeURI(name)}`, { body: name });
  });
  after(() => t.close());
  const list = async (query: string): Promise<string[]> => {
    const { text } = await t.swift("GET", `${A}/c?${query}`);
    return text === "" ? [] : text.trimEnd().split("\n");
  };

  it("are in the order of bytes, between markers, forwards and backwards", async () => {
    assert.deepEqual(await list(""), names);
    assert.deepEqual(await list("reverse=true"), [...names].reverse());
    assert.deepEqual(await list("marker=a/l&end_marker=a/n"), ["a/m", "a/m/1"]);
    assert.deepEqual(await list("limit=2"), names.slice(0, 2));
    assert.deepEqual(await list("prefix=a/m"), ["a/m", "a/m/1"]);
    assert.equal((await t.swift("GET", `${A}/c?limit=10001`)).status, 412);
    assert.equal((await t.swift("GET", `${A}/c?limit=x`)).status, 200);
  });

  it("fold what lies behind a delimiter, as Swift's container server does it", async () => {
    assert.deepEqual(await list("delimiter=/"), ["a/", "b", "ä/"]);
    const inA = ["a/", "a/b/", "a/c", "a/k/", "a/l", "a/m", "a/m/", "a/n", "a/z/"];
    assert.deepEqual(await list("delimiter=/&prefix=a/"), inA);
    assert.deepEqual(await list("delimiter=/&prefix=a/&reverse=true"), [...inA].reverse());
    assert.deepEqual(await list("delimiter=/&prefix=a/&reverse=true&marker=a/m"), ["a/l", "a/k/", "a/c", "a/b/", "a/"]);
    assert.deepEqual(await list("delimiter=/&prefix=a/&marker=a/m/"), ["a/n", "a/z/"]);
    assert.deepEqual(await list("delimiter=/&prefix=a/&reverse=true&marker=a/m/"), [
      "a/m",
      "a/l",
      "a/k/",
      "a/c",
      "a/b/",
      "a/",
    ]);
    assert.deepEqual((await list("delimiter=/&prefix=a/&marker=a/b/1")).slice(0, 2), ["a/b/", "a/c"]);
    assert.deepEqual(await list("delimiter=/&prefix=a/&limit=3"), inA.slice(0, 3));
    assert.deepEqual(await list("path=a"), ["a/c", "a/l", "a/m", "a/n"]);
    assert.deepEqual(await list("path="), ["a/", "b"]);
  });

  it("are text, JSON and XML", async () => {
    const json = await t.swift("GET", `${A}/c?format=json&prefix=b`);
    const [entry] = json.json;
    assert.deepEqual(Object.keys(entry).sort(), ["bytes", "content_type", "hash", "last_modified", "name"]);
    assert.match(entry.last_modified, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$/);
    const xml = await t.swift("GET", `${A}/c?delimiter=/`, { headers: { accept: "application/xml" } });
    assert.equal(xml.headers["content-type"], "application/xml; charset=utf-8");
    assert.match(
      xml.text,
      /^<\?xml version="1.0" encoding="UTF-8"\?>\n<container name="c">\n<subdir name="a\/"><name>a\/<\/name><\/subdir>/,
    );
    const text = await t.swift("GET", `${A}/c?prefix=nothing`);
    assert.equal(text.status, 204);
    assert.equal(text.headers.vary, "Accept");
    assert.equal((await t.swift("GET", `${A}/c`, { headers: { accept: "image/png" } })).status, 406);
    const account = await t.swift("GET", `${A}?format=json`);
    assert.equal(account.json[0].name, "c");
    assert.equal(account.json[0].count, names.length);
    assert.match(
      (await t.swift("GET", `${A}?format=xml`)).text,
      /<account name="AUTH_alpha">\n<container><name>c<\/name><count>12<\/count>/,
    );
  });

  it("keep what XML cannot have out of it", async () => {
    await t.swift("PUT", `${A}/x`);
    await t.swift("PUT", `${A}/x/${encodeURIComponent("<a&\"'\u0001\ud83e\udd94>")}`, { body: "" });
    const { text } = await t.swift("GET", `${A}/x?format=xml`);
    assert.match(text, /<name>&lt;a&amp;&quot;'🦔&gt;<\/name>/);
  });

  it("compare names as sqlite does", () => {
    const odd = ["", "a", "\uffff", "\ue000", "🦔", "a\u{10ffff}", "\ud7ff", "z"];
    const bytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));
    for (const a of odd) for (const b of odd) assert.equal(Math.sign(compareNames(a, b)), bytes(a, b), `${a} ${b}`);
    assert.equal(afterPrefix("a/"), "a0");
    assert.equal(afterPrefix("a\u{10ffff}"), "b");
    assert.equal(afterPrefix("\ud7ff"), "\ue000");
    assert.equal(afterPrefix("\u{10ffff}"), null);
  });
});
