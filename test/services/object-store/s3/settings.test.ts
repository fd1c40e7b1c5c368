import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { EC2_SECRET } from "../../../support/cloud.ts";
import { A } from "../support.ts";
import { type S3Cloud, s3Cloud } from "./support.ts";

describe("settings of buckets and objects over S3", () => {
  let t: S3Cloud;
  before(async () => {
    t = await s3Cloud();
    await t.s3("PUT", "/bucket");
    await t.s3("PUT", "/bucket/o", { body: "bytes" });
  });
  after(() => t.close());
  const put = (path: string, query: string, body: string, headers: Record<string, string> = {}) =>
    t.s3("PUT", path, { query: { [query]: "" }, body, headers });
  const get = (path: string, query: string) => t.s3("GET", path, { query: { [query]: "" } });

  it("names: one for all projects, and none that AWS would not take", async () => {
    assert.equal((await t.s3("PUT", "/bucket")).code, "BucketAlreadyOwnedByYou");
    assert.equal((await t.s3("PUT", "/bucket", { as: "member:beta" })).code, "BucketAlreadyExists");
    for (const name of ["ab", "Upper", "under_score", "a..b", "a.-b", "-a-", "192.0.2.1", "x".repeat(64)])
      assert.equal((await t.s3("PUT", `/${name}`)).code, "InvalidBucketName", name);
    await t.swift("PUT", `${A}/Of_Swift`);
    assert.doesNotMatch((await t.s3("GET", "/")).text, /Of_Swift/);
    const listed = await t.s3("GET", "/");
    assert.deepEqual([listed.all("Name"), listed.xml("ID")], [["bucket"], "alpha"]);
    assert.doesNotMatch((await t.s3("GET", "/", { as: "member:beta" })).text, /bucket</);
    const far =
      "<CreateBucketConfiguration><LocationConstraint>eu-west-9</LocationConstraint></CreateBucketConfiguration>";
    assert.equal((await t.s3("PUT", "/far", { body: far })).code, "InvalidLocationConstraint");
    assert.equal((await t.s3("DELETE", "/bucket")).code, "BucketNotEmpty");
  });

  it("CORS: the preflight of an origin that the bucket names, and answers and errors that it may read", async () => {
    const preflight = (origin: string, method: string, asked = "") =>
      t.raw("OPTIONS", "/bucket/o", {
        headers: {
          origin,
          "access-control-request-method": method,
          ...(asked === "" ? {} : { "access-control-request-headers": asked }),
        },
      });
    assert.equal((await preflight("https://a.example", "GET")).status, 403);
    const rules =
      "<CORSConfiguration><CORSRule><AllowedOrigin>https://*.example</AllowedOrigin><AllowedMethod>GET</AllowedMethod><AllowedMethod>PUT</AllowedMethod><AllowedHeader>x-amz-*</AllowedHeader><ExposeHeader>ETag</ExposeHeader><MaxAgeSeconds>5</MaxAgeSeconds></CORSRule></CORSConfiguration>";
    assert.equal((await put("/bucket", "cors", rules)).status, 200);
    assert.equal((await get("/bucket", "cors")).xml("AllowedOrigin"), "https://*.example");
    const allowed = await preflight("https://a.example", "PUT", "x-amz-date");
    assert.deepEqual(
      [
        allowed.status,
        allowed.headers["access-control-allow-origin"],
        allowed.headers["access-control-allow-headers"],
        allowed.headers["access-control-max-age"],
      ],
      [200, "https://a.example", "x-amz-date", "5"],
    );
    assert.equal((await preflight("https://a.test", "GET")).status, 403);
    assert.equal((await preflight("https://a.example", "DELETE")).status, 403);
    assert.equal((await preflight("https://a.example", "GET", "x-other")).status, 403);
    const headers = { origin: "https://a.example" };
    for (const path of ["/bucket/o", "/bucket/none"])
      assert.equal((await t.s3("GET", path, { headers })).headers["access-control-expose-headers"], "ETag", path);
    const refused = await t.raw("GET", "/bucket/o", { headers });
    assert.deepEqual([refused.status, refused.headers["access-control-allow-origin"]], [403, "https://a.example"]);
    assert.equal((await t.s3("DELETE", "/bucket", { query: { cors: "" } })).status, 204);
    assert.equal((await get("/bucket", "cors")).code, "NoSuchCORSConfiguration");
  });

  it("tags of buckets and objects", async () => {
    const tags = "<Tagging><TagSet><Tag><Key>a</Key><Value>1 &amp; 2</Value></Tag></TagSet></Tagging>";
    assert.equal((await get("/bucket", "tagging")).code, "NoSuchTagSet");
    assert.equal((await put("/bucket", "tagging", tags)).status, 204);
    assert.equal((await get("/bucket", "tagging")).xml("Value"), "1 &amp; 2");
    const { etag } = (await t.s3("HEAD", "/bucket/o")).headers;
    assert.equal((await put("/bucket/o", "tagging", tags)).status, 200);
    assert.equal((await get("/bucket/o", "tagging")).xml("Key"), "a");
    const head = await t.s3("HEAD", "/bucket/o");
    assert.deepEqual([head.headers["x-amz-tagging-count"], head.headers.etag], ["1", etag]);
    assert.equal((await t.s3("DELETE", "/bucket/o", { query: { tagging: "" } })).status, 204);
    assert.deepEqual((await get("/bucket/o", "tagging")).all("Key"), []);
    const many = `<Tagging><TagSet>${Array.from({ length: 11 }, (_, n) => `<Tag><Key>${n}</Key><Value/></Tag>`).join("")}</TagSet></Tagging>`;
    assert.equal((await put("/bucket/o", "tagging", many)).code, "InvalidTag");
    assert.equal((await put("/bucket/o", "tagging", tags.replace("<Key>a", "<Key>aws:a"))).code, "InvalidTag");
  });

  it("access lists, canned and whole, of buckets and objects", async () => {
    await t.s3("PUT", "/shared");
    const grant = (permission: string) =>
      `<AccessControlPolicy><Owner><ID>alpha</ID></Owner><AccessControlList><Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser"><ID>beta</ID></Grantee><Permission>${permission}</Permission></Grant></AccessControlList></AccessControlPolicy>`;
    assert.equal((await put("/shared", "acl", grant("WRITE"))).status, 200);
    const as = "member:beta";
    assert.equal((await t.s3("PUT", "/shared/theirs", { as, body: "beta's" })).status, 200);
    assert.equal((await t.s3("PUT", "/shared/theirs", { as: "reader:beta", body: "x" })).code, "AccessDenied");
    assert.equal((await t.s3("GET", "/shared", { as })).code, "AccessDenied", "WRITE is not READ");
    const acl = await t.s3("GET", "/shared/theirs", { query: { acl: "" } });
    assert.deepEqual(acl.all("ID"), ["beta", "beta"], "whose it is");
    assert.equal((await put("/shared/theirs", "acl", "", { "x-amz-acl": "nonsense" })).code, "InvalidArgument");
    assert.equal((await put("/shared", "acl", "", { "x-amz-acl": "authenticated-read" })).status, 200);
    assert.equal((await t.s3("GET", "/shared", { as: "member:gamma" })).status, 200);
    assert.equal((await t.s3("GET", "/shared", { as: null })).code, "AccessDenied");
    const block =
      "<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls><IgnorePublicAcls>true</IgnorePublicAcls></PublicAccessBlockConfiguration>";
    assert.equal((await put("/shared", "publicAccessBlock", block)).status, 200);
    assert.equal((await t.s3("GET", "/shared", { as: "member:gamma" })).code, "AccessDenied");
    assert.equal((await put("/shared", "acl", "", { "x-amz-acl": "public-read" })).code, "AccessDenied");
    const enforced =
      "<OwnershipControls><Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule></OwnershipControls>";
    assert.equal((await put("/shared", "ownershipControls", enforced)).code, "InvalidBucketAclWithObjectOwnership");
    assert.equal((await put("/shared", "acl", "", { "x-amz-acl": "private" })).status, 200);
    assert.equal((await put("/shared", "ownershipControls", enforced)).status, 200);
    assert.equal(
      (await put("/shared/theirs", "acl", "", { "x-amz-acl": "public-read" })).code,
      "AccessControlListNotSupported",
    );
  });

  it("Swift's lists open the same objects to the same projects", async () => {
    await t.swift("PUT", `${A}/swifts`, { headers: { "x-container-read": "beta:*,.r:*" } });
    await t.swift("PUT", `${A}/swifts/o`, { body: "x" });
    assert.equal((await t.s3("GET", "/swifts/o", { as: "member:beta" })).text, "x");
    assert.equal((await t.s3("GET", "/swifts/o", { as: null })).text, "x");
    assert.equal((await t.s3("GET", "/swifts", { as: null })).code, "AccessDenied", "there is no .rlistings");
    assert.equal((await t.s3("PUT", "/swifts/o", { as: "member:beta", body: "y" })).code, "AccessDenied");
  });

  it("a bucket as a web site: index, error page, redirects, and only what anybody may read", async () => {
    await t.s3("PUT", "/site");
    const site =
      "<WebsiteConfiguration><IndexDocument><Suffix>index.html</Suffix></IndexDocument><ErrorDocument><Key>error.html</Key></ErrorDocument><RoutingRules><RoutingRule><Condition><KeyPrefixEquals>old/</KeyPrefixEquals></Condition><Redirect><ReplaceKeyPrefixWith>new/</ReplaceKeyPrefixWith></Redirect></RoutingRule></RoutingRules></WebsiteConfiguration>";
    assert.equal((await put("/site", "website", site)).status, 200);
    const open = { "x-amz-acl": "public-read", "content-type": "text/html" };
    await t.s3("PUT", "/site/index.html", { body: "home", headers: open });
    await t.s3("PUT", "/site/d/index.html", { body: "inner", headers: open });
    await t.s3("PUT", "/site/error.html", { body: "sorry", headers: open });
    await t.s3("PUT", "/site/hidden", { body: "hidden" });
    const host = `site.s3-website.localhost:${t.s3Port}`;
    const look = (path: string) => t.raw("GET", path, { headers: { host } });
    assert.equal((await look("/")).text, "home");
    assert.equal((await look("/d/")).text, "inner");
    assert.equal((await look("/d")).headers.location, "/d/");
    for (const path of ["/none", "/hidden"]) {
      const missed = await look(path);
      assert.deepEqual([missed.status, missed.text], [403, "sorry"], "who may not list does not learn what is there");
    }
    assert.match(String((await look("/old/x")).headers.location), /\/new\/x$/);
  });

  it("a browser's form is taken as its policy says, and not otherwise", async () => {
    const form = (fields: Record<string, string>, file: string) => {
      const parts = Object.entries(fields).map(
        ([name, value]) => `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
      );
      const last = `--b\r\nContent-Disposition: form-data; name="file"; filename="cat.txt"\r\nContent-Type: text/plain\r\n\r\n${file}\r\n--b--\r\n`;
      return t.raw("POST", "/bucket", {
        body: parts.join("") + last,
        headers: { "content-type": "multipart/form-data; boundary=b" },
      });
    };
    const expiration = new Date(t.clock.now() + 60_000).toISOString();
    const conditions = [
      { bucket: "bucket" },
      ["starts-with", "$key", "up/"],
      ["content-length-range", 1, 10],
      { "x-amz-meta-a": "b" },
    ];
    const policy = Buffer.from(JSON.stringify({ expiration, conditions })).toString("base64");
    const signature = createHmac("sha1", EC2_SECRET).update(policy).digest("base64");
    // biome-ignore lint/suspicious/noTemplateCurlyInString: that is how forms write it
    const fields = { key: "up/${filename}", "x-amz-meta-a": "b", AWSAccessKeyId: "member:alpha", policy, signature };
    const made = await form({ ...fields, success_action_status: "" }, "x");
    assert.equal(made.code, "AccessDenied", "a field that the policy does not speak of");
    assert.equal((await form(fields, "meow")).status, 204);
    const got = await t.s3("GET", "/bucket/up/cat.txt");
    assert.deepEqual([got.text, got.headers["x-amz-meta-a"], got.headers["content-type"]], ["meow", "b", "text/plain"]);
    assert.equal((await form({ ...fields, key: "elsewhere" }, "meow")).code, "AccessDenied");
    assert.equal((await form(fields, "much too long")).code, "EntityTooLarge");
    assert.equal((await form(fields, "")).code, "EntityTooSmall");
    assert.equal((await form({ ...fields, signature: "AAAA" }, "meow")).code, "SignatureDoesNotMatch");
    assert.equal((await form({ key: "up/x" }, "meow")).code, "AccessDenied", "nobody signed it");
  });

  it("what is not had says so", async () => {
    assert.equal((await get("/bucket", "encryption")).code, "ServerSideEncryptionConfigurationNotFoundError");
    const encryption =
      "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>";
    assert.equal((await put("/bucket", "encryption", encryption)).status, 501);
    assert.equal((await get("/bucket", "policyStatus")).xml("IsPublic"), "false");
    assert.equal((await get("/bucket", "replication")).code, "ReplicationConfigurationNotFoundError");
    for (const [query, off, on] of [
      ["requestPayment", "<Payer>BucketOwner</Payer>", "<Payer>Requester</Payer>"],
      ["accelerate", "<Status>Suspended</Status>", "<Status>Enabled</Status>"],
      ["logging", "", "<LoggingEnabled><TargetBucket>bucket</TargetBucket></LoggingEnabled>"],
      ["notification", "", "<TopicConfiguration/>"],
    ] as const) {
      const { text, status } = await get("/bucket", query);
      assert.equal(status, 200, query);
      const [, root] = /<(\w+) xmlns/.exec(text) ?? [];
      assert.equal((await put("/bucket", query, `<${root}>${off}</${root}>`)).status, 200, `${query} stays off`);
      const asked = await put("/bucket", query, `<${root}>${on}</${root}>`);
      assert.deepEqual([asked.status, asked.code], [501, "NotImplemented"], `${query} is not had`);
      assert.equal((await put("/bucket", query, "<Other/>")).code, "MalformedXML");
      assert.equal((await get("/bucket", query)).text, text);
    }
    for (const query of ["encryption", "replication"]) {
      assert.equal((await t.s3("DELETE", "/bucket", { query: { [query]: "" } })).status, 204);
      assert.equal((await put("/bucket", query, "<x/>")).status, 501);
    }
    assert.equal((await t.s3("GET", "/bucket/o")).text, "bytes", "and the bucket is still there");
    assert.equal((await get("/bucket", "requestPayment")).xml("Payer"), "BucketOwner");
    assert.equal((await get("/bucket", "object-lock")).code, "ObjectLockConfigurationNotFoundError");
    for (const query of ["cors", "lifecycle", "website", "tagging", "versioning", "acl"])
      for (const body of ["", "<x/>", "<!DOCTYPE x><x/>"])
        assert.equal((await put("/bucket", query, body)).status, 400, `${query} ${body}`);
  });
});
