import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { ManualClock } from "../../../../src/kernel/time/clock.ts";
import { A, engine } from "../support.ts";
import { type S3Cloud, s3Cloud } from "./support.ts";

const DAY = 86_400_000;
const versioning = (status: string) => `<VersioningConfiguration><Status>${status}</Status></VersioningConfiguration>`;

describe("versions, locks and the life of objects over S3", () => {
  const clock = new ManualClock();
  let t: S3Cloud;
  before(async () => {
    t = await s3Cloud({ clock });
  });
  after(() => t.close());
  const set = (bucket: string, query: string, body: string, headers: Record<string, string> = {}) =>
    t.s3("PUT", `/${bucket}`, { query: { [query]: "" }, body, headers });

  it("keeps what is overwritten and deleted, also what was there before as null", async () => {
    await t.s3("PUT", "/kept");
    await t.s3("PUT", "/kept/o", { body: "zero" });
    assert.doesNotMatch((await t.s3("GET", "/kept", { query: { versioning: "" } })).text, /Status/);
    assert.equal((await set("kept", "versioning", versioning("Enabled"))).status, 200);
    assert.equal((await t.s3("GET", "/kept", { query: { versioning: "" } })).xml("Status"), "Enabled");
    const one = (await t.s3("PUT", "/kept/o", { body: "one" })).headers["x-amz-version-id"] as string;
    assert.match(one, /^\d{10}\.\d{5}$/);
    const gone = await t.s3("DELETE", "/kept/o");
    assert.deepEqual([gone.status, gone.headers["x-amz-delete-marker"]], [204, "true"]);
    const marker = gone.headers["x-amz-version-id"] as string;
    const never = await t.s3("DELETE", "/kept/never", { headers: { "if-match": "*" } });
    assert.deepEqual([never.status, never.headers["x-amz-delete-marker"]], [204, undefined]);
    for (const [name, value, status] of [
      ["if-match", '"other"', 412],
      ["x-amz-if-match-size", "3", 412],
      ["x-amz-if-match-last-modified-time", "Sat, 01 Jan 2000 00:00:00 GMT", 412],
    ] as const)
      assert.equal(
        (await t.s3("DELETE", "/kept/o", { headers: { [name]: value } })).status,
        status,
        `${name} of a marker`,
      );
    const absent = await t.s3("GET", "/kept/o");
    assert.deepEqual([absent.status, absent.code, absent.headers["x-amz-delete-marker"]], [404, "NoSuchKey", "true"]);
    const itself = await t.s3("GET", "/kept/o", { query: { versionId: marker } });
    assert.deepEqual([itself.status, itself.code, itself.headers.allow], [405, "MethodNotAllowed", "DELETE"]);
    assert.equal((await t.s3("GET", "/kept/o", { query: { versionId: one } })).text, "one");
    assert.equal((await t.s3("GET", "/kept/o", { query: { versionId: "null" } })).text, "zero");
    assert.equal((await t.s3("GET", "/kept/o", { query: { versionId: "nonsense" } })).code, "InvalidArgument");
    assert.equal((await t.s3("GET", "/kept/o", { query: { versionId: "1700000000.00000" } })).code, "NoSuchVersion");
    const listed = await t.s3("GET", "/kept", { query: { versions: "" } });
    assert.deepEqual(listed.all("VersionId"), [marker, one, "null"]);
    assert.deepEqual(listed.all("IsLatest"), ["true", "false", "false"]);
    const page = await t.s3("GET", "/kept", { query: { versions: "", "max-keys": "1" } });
    assert.deepEqual([page.xml("NextKeyMarker"), page.xml("NextVersionIdMarker")], ["o", marker]);
    const rest = await t.s3("GET", "/kept", {
      query: { versions: "", "key-marker": "o", "version-id-marker": marker },
    });
    assert.deepEqual(rest.all("VersionId"), [one, "null"]);
    assert.equal((await t.s3("DELETE", "/kept")).code, "BucketNotEmpty");
    await t.s3("DELETE", "/kept/o", { query: { versionId: marker } });
    assert.equal((await t.s3("GET", "/kept/o")).text, "one", "without its marker it is there again");
    const copied = await t.s3("PUT", "/kept/p", { headers: { "x-amz-copy-source": "/kept/o?versionId=null" } });
    assert.equal(copied.headers["x-amz-copy-source-version-id"], "null");
    assert.equal((await t.s3("GET", "/kept/p")).text, "zero");
    await set("kept", "versioning", versioning("Suspended"));
    const { headers } = await t.s3("PUT", "/kept/o", { body: "two" });
    assert.equal(headers["x-amz-version-id"], undefined, "as AWS and s3api");
    assert.equal((await t.s3("GET", "/kept/o")).headers["x-amz-version-id"], "null");
    assert.deepEqual((await t.s3("GET", "/kept", { query: { versions: "", prefix: "o" } })).all("VersionId"), [
      "null",
      one,
    ]);
  });

  it("what is locked cannot be removed before its time, a hold not at all", async () => {
    await t.s3("PUT", "/locked", { headers: { "x-amz-bucket-object-lock-enabled": "true" } });
    assert.equal((await set("locked", "versioning", versioning("Suspended"))).code, "InvalidBucketState");
    const until = new Date(clock.now() + 2 * DAY).toISOString();
    const lock = { "x-amz-object-lock-mode": "GOVERNANCE", "x-amz-object-lock-retain-until-date": until };
    const id = (await t.s3("PUT", "/locked/o", { body: "x", headers: lock })).headers["x-amz-version-id"] as string;
    const remove = (headers: Record<string, string> = {}) =>
      t.s3("DELETE", "/locked/o", { query: { versionId: id }, headers });
    assert.equal((await remove()).code, "AccessDenied");
    const swift = await t.swift("DELETE", `${A}/locked/o?version-id=${id}`);
    assert.equal(swift.status, 403, "nor over Swift");
    const suspended = await t.swift("POST", `${A}/locked`, { headers: { "x-versions-enabled": "false" } });
    assert.equal(suspended.status, 409);
    const bypass = { "x-amz-bypass-governance-retention": "true" };
    const shorter = `<Retention><Mode>GOVERNANCE</Mode><RetainUntilDate>${new Date(clock.now() + DAY).toISOString()}</RetainUntilDate></Retention>`;
    const retain = (body: string, headers: Record<string, string> = {}) =>
      t.s3("PUT", "/locked/o", { query: { retention: "" }, body, headers });
    assert.equal((await retain(shorter)).code, "AccessDenied");
    assert.equal((await retain(shorter, bypass)).status, 200);
    const compliance = shorter.replace("GOVERNANCE", "COMPLIANCE");
    assert.equal((await retain(compliance)).code, "AccessDenied");
    assert.equal((await retain(compliance, bypass)).status, 200);
    assert.equal((await remove(bypass)).code, "AccessDenied", "nobody may pass over COMPLIANCE");
    assert.equal(
      (
        await t.s3("PUT", "/locked/o", {
          query: { "legal-hold": "" },
          body: "<LegalHold><Status>ON</Status></LegalHold>",
        })
      ).status,
      200,
    );
    assert.equal((await t.s3("GET", "/locked/o", { query: { "legal-hold": "" } })).xml("Status"), "ON");
    assert.equal((await t.s3("GET", "/locked/o")).text, "x", "its bytes are still its own");
    clock.advance(3 * DAY);
    assert.equal((await remove()).code, "AccessDenied", "the hold is on");
    await t.s3("PUT", "/locked/o", {
      query: { "legal-hold": "" },
      body: "<LegalHold><Status>OFF</Status></LegalHold>",
    });
    assert.equal((await remove()).status, 204);
    const rule =
      "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention><Mode>COMPLIANCE</Mode><Days>1</Days></DefaultRetention></Rule></ObjectLockConfiguration>";
    assert.equal((await set("locked", "object-lock", rule)).status, 200);
    const ruled = (await t.s3("PUT", "/locked/p", { body: "x" })).headers["x-amz-version-id"] as string;
    assert.equal((await t.s3("HEAD", "/locked/p")).headers["x-amz-object-lock-mode"], "COMPLIANCE");
    assert.equal((await t.s3("DELETE", "/locked/p", { query: { versionId: ruled } })).code, "AccessDenied");
  });

  it("lifecycle ends objects, older versions, markers and uploads in their time, and no others", async () => {
    clock.advance(DAY / 24);
    const { lifecycle } = engine(t.cloud);
    await t.s3("PUT", "/living");
    const rules = `<LifecycleConfiguration>
      <Rule><ID>logs</ID><Status>Enabled</Status><Filter><Prefix>logs/</Prefix></Filter><Expiration><Days>1</Days></Expiration></Rule>
      <Rule><ID>tagged</ID><Status>Enabled</Status><Filter><Tag><Key>t</Key><Value>1</Value></Tag></Filter><Expiration><Days>2</Days></Expiration></Rule>
      <Rule><ID>off</ID><Status>Disabled</Status><Filter><Prefix></Prefix></Filter><Expiration><Days>1</Days></Expiration></Rule>
      <Rule><ID>up</ID><Status>Enabled</Status><Filter><Prefix></Prefix></Filter><AbortIncompleteMultipartUpload><DaysAfterInitiation>1</DaysAfterInitiation></AbortIncompleteMultipartUpload></Rule>
      </LifecycleConfiguration>`;
    assert.equal((await set("living", "lifecycle", rules)).status, 200);
    assert.deepEqual((await t.s3("GET", "/living", { query: { lifecycle: "" } })).all("ID"), [
      "logs",
      "tagged",
      "off",
      "up",
    ]);
    const put = await t.s3("PUT", "/living/logs/1", { body: "x" });
    assert.match(String(put.headers["x-amz-expiration"]), /^expiry-date="[^"]+ GMT", rule-id="logs"$/);
    await t.s3("PUT", "/living/tagged", { body: "x", headers: { "x-amz-tagging": "t=1" } });
    await t.s3("PUT", "/living/other", { body: "x" });
    await t.s3("POST", "/living/up", { query: { uploads: "" } });
    assert.match(String((await t.s3("HEAD", "/living/logs/1")).headers["x-amz-expiration"]), /rule-id="logs"/);
    const keys = async () => (await t.s3("GET", "/living")).all("Key");
    await lifecycle.run();
    assert.deepEqual(await keys(), ["logs/1", "other", "tagged"]);
    clock.advance(2 * DAY);
    await lifecycle.run();
    assert.deepEqual(await keys(), ["other", "tagged"]);
    assert.equal((await t.s3("GET", "/living", { query: { uploads: "" } })).xml("UploadId"), "");
    clock.advance(DAY);
    await lifecycle.run();
    assert.deepEqual(await keys(), ["other"]);
    await set("living", "versioning", versioning("Enabled"));
    await t.s3("PUT", "/living/v", { body: "1" });
    await t.s3("PUT", "/living/v", { body: "2" });
    await t.s3("DELETE", "/living/v");
    const older = `<LifecycleConfiguration><Rule><Status>Enabled</Status><Filter><Prefix>v</Prefix></Filter>
      <NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays></NoncurrentVersionExpiration>
      <Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration></Rule></LifecycleConfiguration>`;
    await set("living", "lifecycle", older);
    const versions = async () =>
      (await t.s3("GET", "/living", { query: { versions: "", prefix: "v" } })).all("VersionId").length;
    await lifecycle.run();
    assert.equal(await versions(), 3);
    clock.advance(2 * DAY);
    await lifecycle.run();
    await lifecycle.run();
    assert.equal(await versions(), 0);
    assert.equal(
      (await set("living", "lifecycle", older.replace("<NoncurrentDays>1", "<NoncurrentDays>0"))).code,
      "InvalidArgument",
    );
    const moved =
      "<LifecycleConfiguration><Rule><Status>Enabled</Status><Filter/><Transition><Days>1</Days><StorageClass>GLACIER</StorageClass></Transition></Rule></LifecycleConfiguration>";
    assert.equal((await set("living", "lifecycle", moved)).status, 501);
  });
});
