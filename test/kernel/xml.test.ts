import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError } from "../../src/kernel/errors.ts";
import { childrenOf, parseXml, parseXmlInTurns, textOf } from "../../src/kernel/xml/parse.ts";
import { xmlDocument } from "../../src/kernel/xml/write.ts";

const refused = (text: string): void =>
  assert.throws(
    () => parseXml(text),
    (error) => error instanceof ApiError && error.type === "MalformedXML",
  );

test("a document that brings a type or entities of its own is refused, and not read without them", () => {
  refused('<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>');
  refused('<?xml version="1.0"?>\n<!DOCTYPE a SYSTEM "http://192.0.2.1/a.dtd"><a/>');
  refused("<!DOCTYPE a><a/>");
  refused("<a>&x;</a>");
  refused('<a b="&x;"/>');
  const laughs = Array.from({ length: 9 }, (_, n) => `<!ENTITY l${n + 1} "${`&l${n};`.repeat(10)}">`).join("");
  refused(`<!DOCTYPE a [<!ENTITY l0 "ha">${laughs}]><a>&l9;</a>`);
  assert.equal(parseXml("<a>&lt;&amp;&gt;&quot;&apos;&#65;&#x42;</a>").text, "<&>\"'AB", "what XML itself has is read");
});

test("what is not well-formed, or nested without end, is refused at once", () => {
  for (const text of [
    "",
    "a",
    "<a>",
    "<a></b>",
    "<a><b></a></b>",
    "<a/><b/>",
    "<a",
    "<!--",
    "<![CDATA[",
    "<a b='1' b='2'/>",
  ])
    refused(text);
  const started = performance.now();
  refused(`${"<a>".repeat(300_000)}${"</a>".repeat(300_000)}`);
  refused(`${"<a><!-- </a> -->".repeat(100)}${"</a>".repeat(100)}`);
  assert.ok(performance.now() - started < 5_000);
});

test("elements are found whatever prefix their namespace has, and text is what it says", () => {
  const root = parseXml(
    '<?xml version="1.0"?><s3:a xmlns:s3="urn:x"><!-- b --><s3:b> 1 </s3:b><b><![CDATA[<2>]]></b></s3:a>',
  );
  assert.equal(root.name, "a");
  assert.deepEqual(
    childrenOf(root, "b").map(({ text }) => text),
    [" 1 ", "<2>"],
  );
  assert.equal(textOf(root, "c"), undefined);
});

test("what is written can be read, whatever is in it", () => {
  const text = "a<b>&\"'\r\n\t\u0001ü🦔]]>";
  const written = xmlDocument([
    "r",
    [["t", text.replace("\u0001", "")], null, ["e", ""], ["n", 0], ["f", false]],
    { q: '"<&>"' },
  ]);
  const root = parseXml(written);
  assert.equal(textOf(root, "t"), text.replace("\u0001", ""));
  assert.deepEqual(
    [textOf(root, "e"), textOf(root, "n"), textOf(root, "f"), root.attributes.q],
    ["", "0", "false", '"<&>"'],
  );
  assert.match(xmlDocument(["t", "\u0001"]), /<t>&#x1;<\/t>/, "a character that XML has not is written as S3 does");
});

test("a long document is parsed in turns to the same, and refused for the same", async () => {
  const head = '<?xml version="1.0"?>\n<!-- <x> --><n:list xmlns:n="urn:x" a="1">';
  const items = Array.from({ length: 5_000 }, (_, n) =>
    n % 3 === 0 ? `<item id="${n}"/>\n` : `<item><a>${n}</a><![CDATA[</item>]]><b><c/></b>&amp;</item> text ${n}`,
  );
  const whole = `${head}${items.join("")}</n:list>\n<!-- end -->\n`;
  let turns = 0;
  const pause = async () => {
    turns += 1;
  };
  assert.deepEqual(await parseXmlInTurns(whole, pause), parseXml(whole));
  assert.ok(turns >= Math.floor(whole.length / 70_000), `${turns} turns`);
  for (const [good, bad] of [
    ["</b>", "</d>"],
    ["</n:list>", "</m:list>"],
    ["</n:list>", ""],
    ["</n:list>", "</n:list><n:list/>"],
    ["<!-- <x> -->", "<!DOCTYPE a>"],
    ["&amp;", "&x;"],
    ["text 4999", "<open>"],
    ["text 4999", "</n:list><n:list>"],
  ] as const)
    await assert.rejects(
      parseXmlInTurns(whole.replace(good, bad), pause),
      (error) => error instanceof ApiError && error.type === "MalformedXML",
      `${good} → ${bad}`,
    );
  await assert.rejects(parseXmlInTurns(`<a>${"<b>".repeat(100_000)}`, pause), /well-formed/);
});
