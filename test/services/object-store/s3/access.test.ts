import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { stringToSignV2 } from "../../../../src/services/object-store/fronts/s3/signature-v2.ts";
import { EC2_SECRET } from "../../../support/cloud.ts";
import { type S3Cloud, type S3Options, s3Cloud, sha256 } from "./support.ts";

describe("who asks over S3", () => {
  let t: S3Cloud;
  before(async () => {
    t = await s3Cloud();
    assert.equal((await t.s3("PUT", "/bucket")).status, 200);
    assert.equal((await t.s3("PUT", "/bucket/o", { body: "bytes" })).status, 200);
  });
  after(() => t.close());

  it("a signature holds in whatever region it names, and not with another secret or key", async () => {
    for (const region of ["us-east-1", "RegionOne", "eu-central-7"])
      assert.equal((await t.s3("GET", "/bucket/o", { region })).text, "bytes");
    const wrong = await t.s3("GET", "/bucket/o", { secret: "other" });
    assert.deepEqual([wrong.status, wrong.code], [403, "SignatureDoesNotMatch"]);
    assert.deepEqual([wrong.xml("AWSAccessKeyId"), wrong.xml("SignatureProvided").length], ["member:alpha", 64]);
    const canonical = wrong.xml("CanonicalRequest");
    assert.match(canonical, /^GET\n\/bucket\/o\n\nhost:127\.0\.0\.1:\d+\nx-amz-content-sha256:/);
    const bytes = Buffer.from(canonical).toString("hex");
    assert.equal(wrong.xml("CanonicalRequestBytes").replaceAll(" ", ""), bytes);
    assert.equal(wrong.xml("StringToSign").split("\n")[3], sha256(canonical), "what was signed here");
    const unknown = await t.s3("GET", "/bucket/o", { as: "nobody" });
    assert.deepEqual([unknown.status, unknown.code], [403, "InvalidAccessKeyId"]);
  });

  it("a clock may be wrong by a quarter of an hour", async () => {
    for (const late of [-890, 890]) assert.equal((await t.s3("GET", "/bucket/o", { late })).status, 200);
    for (const late of [-910, 910])
      assert.equal((await t.s3("GET", "/bucket/o", { late })).code, "RequestTimeTooSkewed");
  });

  it("what was added to a signed request makes it worthless", async () => {
    const url = t.presign("GET", "/bucket/o");
    assert.equal((await t.raw("GET", url)).text, "bytes");
    assert.equal((await t.raw("GET", `${url}&versionId=null`)).code, "SignatureDoesNotMatch");
    assert.equal((await t.raw("DELETE", url)).code, "SignatureDoesNotMatch");
    assert.equal((await t.raw("GET", url, { headers: { "x-amz-checksum-mode": "ENABLED" } })).code, "AccessDenied");
    assert.equal((await t.raw("GET", url.replace("/bucket/o", "/bucket/p"))).code, "SignatureDoesNotMatch");
  });

  it("a signed URL ends", async () => {
    const late = t.presign("GET", "/bucket/o", { expires: 604_801 });
    assert.equal((await t.raw("GET", late)).code, "AuthorizationQueryParametersError");
    const none = t.presign("GET", "/bucket/o", { expires: 0 });
    const over = await t.raw("GET", none);
    assert.deepEqual([over.status, over.code, over.xml("Message")], [403, "AccessDenied", "Request has expired"]);
    const less = t.presign("GET", "/bucket/o", { expires: -1 });
    assert.equal((await t.raw("GET", less)).code, "AuthorizationQueryParametersError");
  });

  it("the body is what was signed", async () => {
    const answer = await t.s3("PUT", "/bucket/x", { body: "bytes", payload: "0".repeat(64) });
    assert.deepEqual([answer.status, answer.code], [400, "XAmzContentSHA256Mismatch"]);
    assert.equal((await t.s3("HEAD", "/bucket/x")).status, 404, "nothing was kept");
    assert.equal((await t.s3("PUT", "/bucket/x", { body: "bytes", payload: "UNSIGNED-PAYLOAD" })).status, 200);
  });

  it("version 2, in a header and in a URL, with a bucket's path as either kind of client signs it", async () => {
    const { clock } = t;
    const date = new Date(clock.now()).toUTCString();
    const sign = (text: string) => createHmac("sha1", EC2_SECRET).update(text).digest("base64");
    for (const resource of ["/bucket", "/bucket/"]) {
      const authorization = `AWS member:alpha:${sign(stringToSignV2("GET", new Headers(), date, resource, []))}`;
      assert.equal((await t.raw("GET", "/bucket", { headers: { date, authorization } })).status, 200, resource);
    }
    for (const [target, signed] of [
      ["/bucket?versioning", "/bucket?versioning"],
      ["/bucket?versioning", "/bucket?versioning?versioning"],
      ["/bucket?list-type=2", "/bucket"],
      ["/bucket?list-type=2", "/bucket?list-type=2"],
    ] as const) {
      const authorization = `AWS member:alpha:${sign(stringToSignV2("GET", new Headers(), date, signed, []))}`;
      const { status } = await t.raw("GET", target, { headers: { date, authorization } });
      assert.equal(status, 200, `${signed}, as one botocore or another signs`);
    }
    const expires = String(Math.floor(clock.now() / 1000) + 60);
    const made = encodeURIComponent(sign(stringToSignV2("GET", new Headers(), expires, "/bucket/o", [])));
    const url = `/bucket/o?AWSAccessKeyId=member%3Aalpha&Expires=${expires}&Signature=${made}`;
    assert.equal((await t.raw("GET", url)).text, "bytes");
    assert.equal((await t.raw("GET", url.replace(expires, String(Number(expires) + 1)))).code, "SignatureDoesNotMatch");
    const other = await t.raw("GET", url.replace("/o?", "/p?"));
    assert.deepEqual(
      [other.code, other.xml("StringToSign")],
      ["SignatureDoesNotMatch", `GET\n\n\n${expires}\n/bucket/p`],
    );
    const ancient = { date: "Tue, 07 Jul 1959 21:53:04 GMT", authorization: "AWS member:alpha:x" };
    assert.equal((await t.raw("GET", "/bucket", { headers: ancient })).code, "AccessDenied");
    assert.equal((await t.raw("GET", "/bucket", { headers: { authorization: "Bearer x" } })).code, "InvalidArgument");
  });

  it("under the prefix of the one port, and with the bucket in the host's name", async () => {
    const host = `bucket.localhost:${t.s3Port}`;
    assert.equal((await t.s3("GET", "/o", { host })).text, "bytes");
    assert.match((await t.s3("GET", "/", { host })).text, /<Key>o<\/Key>/);
  });

  it("errors name the request, the host and what was asked for", async () => {
    const answer = await t.s3("GET", "/bucket/none");
    assert.equal(answer.status, 404);
    assert.equal(answer.headers["content-type"], "application/xml");
    assert.equal(
      answer.text,
      `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message><Key>none</Key><RequestId>${answer.headers["x-amz-request-id"]}</RequestId><HostId>${answer.headers["x-amz-id-2"]}</HostId></Error>`,
    );
    assert.match(String(answer.headers["x-amz-request-id"]), /^tx[0-9a-f]{21}-[0-9a-f]{10}$/);
    const none = await t.s3("GET", "/no-such-bucket/x");
    assert.deepEqual([none.status, none.code, none.xml("BucketName")], [404, "NoSuchBucket", "no-such-bucket"]);
    assert.equal((await t.s3("HEAD", "/bucket/none")).text, "");
  });

  it("a sub-resource that nobody here knows is refused, and never passed over", async () => {
    for (const name of ["analytics", "inventory", "metrics", "intelligent-tiering", "nonsense"]) {
      const answer = await t.s3("DELETE", "/bucket", { query: { [name]: "" } });
      assert.deepEqual([answer.status, answer.code], [501, "NotImplemented"], name);
    }
    for (const name of ["torrent", "restore", "nonsense"])
      assert.equal((await t.s3("PUT", "/bucket/o", { query: { [name]: "" }, body: "<x/>" })).status, 501, name);
    assert.equal((await t.s3("GET", "/bucket/o")).text, "bytes", "it is all still there");
    assert.equal(
      (await t.s3("PUT", "/bucket/o", { query: { acl: "", tagging: "" }, body: "" })).code,
      "InvalidArgument",
    );
  });

  it("nobody in particular sees what is made public, and another project nothing", async () => {
    for (const as of [null, "member:beta"]) {
      for (const path of ["/bucket", "/bucket/o", "/bucket/none"])
        assert.equal((await t.s3("GET", path, { as })).code, "AccessDenied", `${path} ${as}`);
      assert.equal((await t.s3("PUT", "/bucket/p", { as, body: "x" })).code, "AccessDenied");
      assert.equal((await t.s3("DELETE", "/bucket/o", { as })).code, "AccessDenied");
      assert.equal((await t.s3("DELETE", "/bucket", { as })).code, "AccessDenied");
    }
    await t.s3("PUT", "/bucket/public", { body: "all", headers: { "x-amz-acl": "public-read" } });
    assert.equal((await t.s3("GET", "/bucket/public", { as: null })).text, "all");
    assert.equal((await t.s3("GET", "/bucket/o", { as: null })).code, "AccessDenied");
    assert.equal((await t.s3("GET", "/", { as: null })).code, "AccessDenied");
  });

  it("a reader of the project reads and does not write", async () => {
    const as = "reader:alpha";
    assert.equal((await t.s3("GET", "/bucket/o", { as })).text, "bytes");
    assert.equal((await t.s3("GET", "/bucket", { as })).status, 200);
    assert.equal((await t.s3("PUT", "/bucket/o", { as, body: "x" })).code, "AccessDenied");
    assert.equal((await t.s3("PUT", "/readers", { as })).code, "AccessDenied");
    assert.equal(
      (await t.s3("PUT", "/bucket", { as, query: { acl: "" }, headers: { "x-amz-acl": "public-read" } })).code,
      "AccessDenied",
    );
  });

  it("what the policy says, says, and what it denies is denied to the owner too", async () => {
    await t.s3("PUT", "/ruled");
    await t.s3("PUT", "/ruled/a/1", { body: "one" });
    await t.s3("PUT", "/ruled/b/1", { body: "two" });
    const policy = {
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Principal: { AWS: "arn:aws:iam::beta:root" },
          Action: "s3:GetObject",
          Resource: "arn:aws:s3:::ruled/a/*",
        },
        {
          Effect: "Allow",
          Principal: "*",
          Action: "s3:ListBucket",
          Resource: "arn:aws:s3:::ruled",
          Condition: { StringLike: { "s3:prefix": "a/*" }, IpAddress: { "aws:SourceIp": "127.0.0.0/8" } },
        },
        { Effect: "Deny", Principal: "*", Action: "s3:*", Resource: "arn:aws:s3:::ruled/b/*" },
      ],
    };
    const query = { policy: "" };
    assert.equal((await t.s3("PUT", "/ruled", { query, body: JSON.stringify(policy) })).status, 204);
    assert.deepEqual(JSON.parse((await t.s3("GET", "/ruled", { query })).text), policy);
    assert.equal((await t.s3("GET", "/ruled/a/1", { as: "member:beta" })).text, "one");
    assert.equal((await t.s3("GET", "/ruled/a/1", { as: "member:gamma" })).code, "AccessDenied");
    assert.equal((await t.s3("PUT", "/ruled/a/1", { as: "member:beta", body: "x" })).code, "AccessDenied");
    assert.equal((await t.s3("GET", "/ruled", { as: null, query: { prefix: "a/1" } })).status, 200);
    assert.equal((await t.s3("GET", "/ruled", { as: null })).code, "AccessDenied");
    assert.equal((await t.s3("GET", "/ruled/a/none", { as: null })).code, "NoSuchKey", "who may list may know");
    assert.equal((await t.s3("GET", "/ruled/c/none", { as: null })).code, "AccessDenied");
    assert.equal((await t.s3("GET", "/ruled/a/1", { as: null })).code, "AccessDenied");
    assert.equal((await t.s3("GET", "/ruled/b/1")).code, "AccessDenied");
    assert.equal((await t.s3("PUT", "/other", {})).status, 200);
    const source = { "x-amz-copy-source": "/ruled/b/1" };
    assert.equal((await t.s3("PUT", "/other/x", { headers: source })).code, "AccessDenied", "nor by a copy");
    const broken = await t.s3("PUT", "/ruled", { query, body: "{" });
    assert.deepEqual([broken.status, broken.code], [400, "MalformedPolicy"]);
    assert.equal((await t.s3("DELETE", "/ruled", { query })).status, 204);
    assert.equal((await t.s3("GET", "/ruled", { query })).code, "NoSuchBucketPolicy");
  });

  it("a policy's conditions ask for who, from where, how signed and what is put", async () => {
    await t.s3("PUT", "/conditions");
    await t.s3("PUT", "/conditions/o", { body: "x", headers: { "x-amz-tagging": "kind=open" } });
    const now = t.clock.now();
    const day = 86_400_000;
    const until = (days: number) => ({
      "x-amz-object-lock-mode": "GOVERNANCE",
      "x-amz-object-lock-retain-until-date": new Date(now + days * day).toISOString(),
    });
    const lock = "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>";
    const enabled = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
    await t.s3("PUT", "/conditions", { query: { versioning: "" }, body: enabled });
    await t.s3("PUT", "/conditions", { query: { "object-lock": "" }, body: lock });
    const header = (name: string, value: string) => ({ headers: { [name]: value } });
    const cases: [Record<string, Record<string, unknown>>, "GET" | "PUT", S3Options, S3Options | null][] = [
      [{ StringEquals: { "aws:PrincipalAccount": "beta" } }, "GET", {}, { as: "member:gamma" }],
      [{ ArnLike: { "aws:PrincipalArn": "arn:aws:iam::beta:user/*" } }, "GET", {}, { as: "member:gamma" }],
      [{ StringEquals: { "aws:ResourceAccount": "alpha" } }, "GET", {}, null],
      [{ NumericLessThan: { "s3:signatureAge": 60_000 } }, "GET", {}, { late: -120 }],
      [{ StringLike: { "aws:UserAgent": "good/*" } }, "GET", header("user-agent", "good/1"), {}],
      [{ StringEquals: { "s3:ExistingObjectTag/kind": "open" } }, "GET", {}, null],
      [{ Bool: { "aws:SecureTransport": false } }, "GET", {}, null],
      [{ Null: { "aws:Referer": false } }, "GET", header("referer", "http://x"), {}],
      [{ DateLessThan: { "aws:CurrentTime": new Date(now + day).toISOString() } }, "GET", {}, null],
      [
        { BinaryEquals: { "aws:UserAgent": Buffer.from("me").toString("base64") } },
        "GET",
        header("user-agent", "me"),
        {},
      ],
      [{ StringEquals: { "s3:x-amz-acl": "private" } }, "PUT", header("x-amz-acl", "private"), {}],
      [
        { StringEquals: { "s3:RequestObjectTag/k": "v" } },
        "PUT",
        header("x-amz-tagging", "k=v"),
        header("x-amz-tagging", "k=w"),
      ],
      [
        { "ForAllValues:StringEquals": { "s3:RequestObjectTagKeys": ["a", "b"] } },
        "PUT",
        header("x-amz-tagging", "a=1&b=2"),
        header("x-amz-tagging", "a=1&c=2"),
      ],
      [{ StringEquals: { "s3:object-lock-mode": "GOVERNANCE" } }, "PUT", { headers: until(1) }, {}],
      [
        { NumericLessThanEquals: { "s3:object-lock-remaining-retention-days": 10 } },
        "PUT",
        { headers: until(9) },
        { headers: until(11) },
      ],
    ];
    for (const [Condition, method, good, bad] of cases) {
      const told = JSON.stringify(Condition);
      const statement = {
        Effect: "Allow",
        Principal: "*",
        Action: "s3:*",
        Resource: "arn:aws:s3:::conditions/*",
        Condition,
      };
      const body = JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
      assert.equal((await t.s3("PUT", "/conditions", { query: { policy: "" }, body })).status, 204, told);
      const path = method === "GET" ? "/conditions/o" : "/conditions/new";
      const ask = (options: S3Options) =>
        t.s3(method, path, { as: "member:beta", ...(method === "PUT" ? { body: "x" } : {}), ...options });
      const admitted = await ask(good);
      assert.equal(admitted.status, 200, `${told} ${admitted.text}`);
      if (bad !== null) assert.equal((await ask(bad)).code, "AccessDenied", told);
    }
    const wrong = { Effect: "Allow", Principal: "*", Action: "s3:*", Resource: "arn:aws:s3:::conditions/*" };
    const unknown = JSON.stringify({ Statement: [{ ...wrong, Condition: { StringSomehow: { a: "b" } } }] });
    assert.equal((await t.s3("PUT", "/conditions", { query: { policy: "" }, body: unknown })).code, "MalformedPolicy");
  });
});
