import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import { after, before, test } from "node:test";
import { ManualClock } from "../../../src/kernel/time/clock.ts";
import { ec2SignatureFits } from "../../../src/services/identity/manager/ec2-signatures.ts";
import { type IdentityCloud, identityCloud } from "../../support/identity.ts";
import type { Json } from "../../support/json.ts";

/** The moment at which botocore signed what is below. */
const SIGNED = Date.UTC(2026, 0, 2, 3, 4, 5);
const MINUTE = 60_000;
const clock = new ManualClock(SIGNED);
let t: IdentityCloud;
let demo: string;
let demoId: string;
let projectId: string;
before(async () => {
  t = await identityCloud({ clock });
  demo = await t.login("demo", "demo");
  const identity = t.cloud.kernel.authenticator.authenticate(demo);
  demoId = identity?.userId ?? "";
  projectId = identity?.projectId ?? "";
});
after(() => t.close());

const EC2 = "/identity/v3/ec2tokens";
const S3 = "/identity/v3/s3tokens";
const TOKENS = "/identity/v3/auth/tokens";
const keys = (userId: string) => `/identity/v3/users/${userId}/credentials/OS-EC2`;

async function makeKey(
  token = demo,
  userId = demoId,
  project = projectId,
): Promise<{ access: string; secret: string }> {
  const { status, body } = await t.request("POST", keys(userId), { token, body: { tenant_id: project } });
  assert.equal(status, 201, JSON.stringify(body));
  return body.credential;
}

/** What a service hands over of a request signed by version 2. */
function signed({ access, secret }: { access: string; secret: string }, extra: Record<string, string> = {}) {
  const params: Record<string, string> = {
    Action: "DescribeInstances",
    SignatureMethod: "HmacSHA256",
    SignatureVersion: "2",
    Timestamp: new Date(clock.now()).toISOString(),
    ...extra,
  };
  const query = Object.keys(params)
    .sort()
    .map((name) => `${name}=${encodeURIComponent(params[name] ?? "")}`)
    .join("&");
  const signature = createHmac("sha256", secret).update(`GET\ncloud.example\n/\n${query}`).digest("base64");
  return { credentials: { access, signature, host: "cloud.example", verb: "GET", path: "/", params } };
}

/** A key whose secret is known before it is made, as `POST /v3/credentials` allows. */
async function knownKey(access: string, secret: string, token = demo, more: object = {}): Promise<Json> {
  const blob = JSON.stringify({ access, secret, ...more });
  const body = { credential: { type: "ec2", blob, project_id: projectId } };
  return t.request("POST", "/identity/v3/credentials", { token, body });
}

const applicationCredential = async (token: string, attributes: object): Promise<string> => {
  const path = `/identity/v3/users/${demoId}/application_credentials`;
  const made = await t.request("POST", path, { token, body: { application_credential: attributes } });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const { id, secret } = made.body.application_credential;
  const identity = { methods: ["application_credential"], application_credential: { id, secret } };
  const login = await t.request("POST", TOKENS, { body: { auth: { identity } } });
  return login.headers.get("x-subject-token") ?? "";
};

/** demo lends a role on its project to a new user, who comes back with the token of the trust. */
async function trustToken(trustee: string, impersonation: boolean, more: object = {}) {
  const trusteeId = await t.user(trustee);
  const trust = {
    trustor_user_id: demoId,
    trustee_user_id: trusteeId,
    project_id: projectId,
    impersonation,
    roles: [{ name: "member" }],
    ...more,
  };
  const made = await t.request("POST", "/identity/v3/OS-TRUST/trusts", { token: demo, body: { trust } });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const identity = { methods: ["token"], token: { id: await t.login(trustee, null) } };
  const scope = { "OS-TRUST:trust": { id: made.body.trust.id } };
  const used = await t.request("POST", TOKENS, { body: { auth: { identity, scope } } });
  return { trust: made.body.trust, trusteeId, token: used.headers.get("x-subject-token") ?? "" };
}

test("AWS's published examples of version 4 fit", () => {
  const secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
  const empty = createHash("sha256").update("").digest("hex");
  const authorization = (service: string, names: string) =>
    `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/${service}/aws4_request, SignedHeaders=${names}, Signature=x`;
  const users = {
    access: "AKIDEXAMPLE",
    signature: "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
    host: "iam.amazonaws.com",
    verb: "GET",
    path: "/",
    params: { Action: "ListUsers", Version: "2010-05-08" },
    headers: {
      "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
      "X-Amz-Date": "20150830T123600Z",
      Authorization: authorization("iam", "content-type;host;x-amz-date"),
    },
    body_hash: empty,
  };
  assert.equal(ec2SignatureFits(users, secret), true);
  const vanilla = {
    ...users,
    signature: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
    host: "example.amazonaws.com",
    params: {},
    headers: { "X-Amz-Date": "20150830T123600Z", Authorization: authorization("service", "host;x-amz-date") },
  };
  assert.equal(ec2SignatureFits(vanilla, secret), true);
  for (const changed of [
    { signature: `${users.signature.slice(0, -1)}8` },
    { signature: "" },
    { verb: "PUT" },
    { path: "/other" },
    { host: "iam.example.com" },
    { params: { ...users.params, Action: "DeleteUser" } },
    { body_hash: createHash("sha256").update("x").digest("hex") },
    { headers: { ...users.headers, "X-Amz-Date": "20150830T123601Z" } },
    { headers: { ...users.headers, "X-Amz-Date": "" } },
  ]) {
    assert.equal(ec2SignatureFits({ ...users, ...changed }, secret), false, JSON.stringify(changed));
  }
  assert.equal(ec2SignatureFits(users, `${secret}x`), false);
});

test("requests that botocore signed buy a token of the key's project: in a header, and presigned in the URL", async () => {
  const access = "0123456789abcdef0123456789abcdef";
  assert.equal((await knownKey(access, "fedcba9876543210fedcba9876543210")).status, 201);
  const scope = "20260102/RegionOne/ec2/aws4_request";
  const inHeader = {
    access,
    signature: "46097bf3ed386293a324276113fec0e546e9f736873f3392e828afc6bc32957b",
    host: "cloud.example:8788",
    verb: "POST",
    path: "/services/Cloud",
    // The form, which a service parses; version 4 signs its hash.
    params: { Action: "DescribeInstances", "Filter.1.Name": "tag:name", Version: "2016-11-15" },
    headers: {
      "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
      Host: "cloud.example:8788",
      "X-Amz-Date": "20260102T030405Z",
      Authorization: `AWS4-HMAC-SHA256 Credential=${access}/${scope}, SignedHeaders=content-type;host;x-amz-date, Signature=46097bf3ed386293a324276113fec0e546e9f736873f3392e828afc6bc32957b`,
    },
    body_hash: "624179bde99a662b763d3389d88e71394ee82b918571ada89ca127a9b19d0828",
  };
  const ask = (credentials: object) => t.admin("POST", EC2, { body: { credentials } });
  const answer = await ask(inHeader);
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  assert.equal(answer.body.token.project.id, projectId);
  assert.equal(answer.body.token.user.id, demoId);
  assert.deepEqual(answer.body.token.methods, ["ec2credential"]);
  assert.equal((await ask({ ...inHeader, body_hash: "0".repeat(64) })).status, 401);
  assert.equal((await ask({ ...inHeader, path: "/services/Other" })).status, 401);

  const presigned = {
    access,
    signature: "52213a6cca95109ac1c4f806b147bd0ac49fd3acd8cc6195c56e5f2e6f3ba2fd",
    host: "cloud.example",
    verb: "GET",
    path: "/bucket/key",
    params: {
      "list-type": "2",
      prefix: "a b/ü",
      "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
      "X-Amz-Credential": `${access}/${scope}`,
      "X-Amz-Date": "20260102T030405Z",
      "X-Amz-Expires": "600",
      "X-Amz-SignedHeaders": "host",
    },
    headers: { Host: "cloud.example" },
    body_hash: createHash("sha256").update("").digest("hex"),
  };
  assert.equal((await ask(presigned)).status, 200);
  assert.equal((await ask({ ...presigned, params: { ...presigned.params, prefix: "" } })).status, 401);
});

test("whoever sees a signed request gets nothing for it: only services and admins may ask", async () => {
  const key = await makeKey();
  const body = signed(key);
  const text = Buffer.from("GET\n\n\nFri, 02 Jan 2026 03:04:05 GMT\n/bucket/key");
  const signature = createHmac("sha1", key.secret).update(text).digest("base64");
  const s3 = { credentials: { access: key.access, token: text.toString("base64url"), signature } };
  for (const [path, sent] of [
    [EC2, body],
    [S3, s3],
  ] as const) {
    assert.equal((await t.request("POST", path, { body: sent })).status, 401);
    assert.equal((await t.request("POST", path, { body: sent, token: demo })).status, 403);
    assert.equal((await t.request("POST", path, { body: sent, token: await t.login("nova", "service") })).status, 200);
  }
  // s3tokens tells who it is; the token itself is not handed out.
  const answer = await t.admin("POST", S3, { body: s3 });
  assert.equal(answer.body.token.project.id, projectId);
  assert.equal(answer.headers.get("x-subject-token"), null);
});

test("a signed request is good for a quarter of an hour, whatever else is sent beside it", async () => {
  const key = await makeKey();
  const ask = (body: Json) => t.admin("POST", EC2, { body });
  const body = signed(key);
  clock.advance(14 * MINUTE);
  assert.equal((await ask(body)).status, 200);
  clock.advance(2 * MINUTE);
  const old = await ask(body);
  assert.equal(old.status, 401);
  assert.equal(old.headers.get("x-subject-token"), null);
  // Times that the signature does not cover count for nothing.
  const now = new Date(clock.now()).toISOString();
  const compact = now.replace(/[-:]|\.\d+/g, "");
  assert.equal((await ask({ credentials: { ...body.credentials, headers: { "X-Amz-Date": compact } } })).status, 401);
  const date = "20260102T030405Z";
  const scope = "20260102/RegionOne/ec2/aws4_request";
  const version4 = (params: Record<string, string>, headers: Record<string, string>) => {
    const hash = (text: string) => createHash("sha256").update(text).digest("hex");
    const query = Object.keys(params)
      .sort()
      .map((name) => `${encodeURIComponent(name)}=${encodeURIComponent(params[name] ?? "")}`)
      .join("&");
    const canonical = ["GET", "/", query, "host:cloud.example", "", "host", hash("")].join("\n");
    let signing = Buffer.from(`AWS4${key.secret}`);
    for (const part of scope.split("/")) signing = createHmac("sha256", signing).update(part).digest();
    const text = ["AWS4-HMAC-SHA256", date, scope, hash(canonical)].join("\n");
    const signature = createHmac("sha256", signing).update(text).digest("hex");
    const request = { host: "cloud.example", verb: "GET", path: "/", body_hash: hash(""), params, headers };
    return { credentials: { access: key.access, signature, ...request } };
  };
  const presigned = version4(
    {
      "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
      "X-Amz-Credential": `${key.access}/${scope}`,
      "X-Amz-Date": date,
      "X-Amz-SignedHeaders": "host",
    },
    { "X-Amz-Date": compact },
  );
  const stale = await ask(presigned);
  assert.equal(stale.status, 401);
  assert.equal(stale.body.error.message, "Credential is expired");
  assert.equal((await ask(signed(key, { Timestamp: "2026-01-03T03:04:05Z" }))).status, 401, "signed for tomorrow");
  assert.equal((await ask(signed(key, { Expires: "2026-01-02T03:04:05Z" }))).status, 401);
  assert.equal((await ask(signed(key, { Timestamp: "soon" }))).status, 401);
  assert.equal((await ask(signed(key))).status, 200);
});

test("an EC2 key is worth what its owner still is: not disabled, not gone, with a role there", async () => {
  const userId = await t.user("signer", "ec2-project", "member");
  const project = await t.project("ec2-project");
  const key = await makeKey(await t.login("signer", "ec2-project"), userId, project);
  const status = async () => (await t.admin("POST", EC2, { body: signed(key) })).status;
  const facade = () => t.cloud.kernel.facade("identity").authenticateWithEc2(key.access);
  const patch = (path: string, body: object) => t.admin("PATCH", `/identity/v3/${path}`, { body });
  assert.equal(await status(), 200);
  assert.equal(facade()?.identity.userId, userId);
  await patch(`users/${userId}`, { user: { enabled: false } });
  assert.equal(await status(), 401);
  assert.equal(facade(), null);
  await patch(`users/${userId}`, { user: { enabled: true } });
  await patch(`projects/${project}`, { project: { enabled: false } });
  assert.equal(await status(), 401);
  assert.equal(facade(), null);
  await patch(`projects/${project}`, { project: { enabled: true } });
  assert.equal(await status(), 200);
  const grant = `/identity/v3/projects/${project}/users/${userId}/roles/${await t.roleId("member")}`;
  await t.admin("DELETE", grant);
  assert.equal(await status(), 401);
  assert.equal(facade(), null);
  await t.admin("PUT", grant);
  assert.equal(await status(), 200);
  await t.admin("DELETE", `/identity/v3/users/${userId}`);
  assert.equal(await status(), 404, "the key went with its owner");
  assert.equal(facade(), null);
});

test("a token for a signed request does nothing with the identity service, and leads to no other project", async () => {
  const key = await makeKey();
  const answer = await t.admin("POST", EC2, { body: signed(key) });
  const token = answer.headers.get("x-subject-token") ?? "";
  const own = `users/${demoId}`;
  // What is not there is not even looked for.
  const absent = [`${own}/credentials/OS-EC2/nosuch`, `${own}/application_credentials/nosuch`, "limits/nosuch"];
  for (const path of [own, "auth/projects", `${own}/application_credentials`, "credentials", ...absent]) {
    const refused = await t.request("GET", `/identity/v3/${path}`, { token });
    assert.equal(refused.status, 403, path);
    assert.equal(refused.body.error.message, "EC2 credential tokens cannot be used for authorization.", path);
  }
  assert.equal((await t.request("POST", keys(demoId), { token, body: { tenant_id: projectId } })).status, 403);
  const again = (scope: object) =>
    t.request("POST", TOKENS, { body: { auth: { identity: { methods: ["token"], token: { id: token } }, ...scope } } });
  const other = { scope: { project: { name: "invisible_to_admin", domain: { id: "default" } } } };
  assert.equal((await again(other)).status, 403);
  const renewed = await again({});
  assert.equal(renewed.status, 201);
  assert.equal(renewed.body.token.project.id, projectId);
  assert.equal(renewed.body.token.expires_at, answer.body.token.expires_at);
  assert.equal((await t.admin("GET", TOKENS, { headers: { "x-subject-token": token } })).status, 200);
});

test("a restricted application credential makes no EC2 key, by either way; an unrestricted one's key keeps its limits", async () => {
  const restricted = await applicationCredential(demo, { name: "restricted", roles: [{ name: "reader" }] });
  const tenant = { tenant_id: projectId };
  assert.equal((await t.request("POST", keys(demoId), { token: restricted, body: tenant })).status, 403);
  assert.equal((await knownKey("restricted-access", "secret", restricted)).status, 403);

  const roles = [{ name: "member" }, { name: "reader" }];
  const unrestricted = await applicationCredential(demo, { name: "unrestricted", unrestricted: true, roles });
  const other = (await t.admin("GET", "/identity/v3/projects?name=invisible_to_admin")).body.projects[0].id;
  assert.equal(
    (await t.request("POST", keys(demoId), { token: unrestricted, body: { tenant_id: other } })).status,
    403,
  );
  const elsewhere = JSON.stringify({ access: "elsewhere", secret: "secret" });
  const body = { credential: { type: "ec2", blob: elsewhere, project_id: other } };
  assert.equal((await t.request("POST", "/identity/v3/credentials", { token: unrestricted, body })).status, 403);

  const key = await makeKey(unrestricted);
  const answer = await t.admin("POST", EC2, { body: signed(key) });
  assert.equal(answer.status, 200);
  assert.deepEqual(answer.body.token.roles.map(({ name }: { name: string }) => name).sort(), ["member", "reader"]);
  assert.equal(answer.body.token.application_credential.name, "unrestricted");
  const listed = await t.request("GET", "/identity/v3/credentials", { token: unrestricted });
  assert.ok(listed.body.credentials.every(({ project_id }: { project_id: string }) => project_id === projectId));
  const { id } = answer.body.token.application_credential;
  await t.request("DELETE", `/identity/v3/users/${demoId}/application_credentials/${id}`, { token: demo });
  assert.equal((await t.admin("POST", EC2, { body: signed(key) })).status, 401, "gone with what it was made through");
});

test("an EC2 key made through a trust gives the trust's roles on its project and ends with it", async () => {
  const { trust, trusteeId, token } = await trustToken("lent", true);
  const key = await makeKey(token);
  const answer = await t.admin("POST", EC2, { body: signed(key) });
  assert.equal(answer.status, 200);
  assert.deepEqual(answer.body.token.roles.map(({ name }: { name: string }) => name).sort(), ["member", "reader"]);
  assert.equal(answer.body.token["OS-TRUST:trust"].trustee_user.id, trusteeId);
  const other = (await t.admin("GET", "/identity/v3/projects?name=invisible_to_admin")).body.projects[0].id;
  assert.equal((await t.request("POST", keys(demoId), { token, body: { tenant_id: other } })).status, 403);
  // The trustor moves the key to another project: the trust is not for that one.
  const { id } = (await t.request("GET", "/identity/v3/credentials?type=ec2", { token: demo })).body.credentials.find(
    ({ blob }: { blob: string }) => blob.includes(key.access),
  );
  const path = `/identity/v3/credentials/${id}`;
  const patch = (credential: object, by = demo) => t.request("PATCH", path, { token: by, body: { credential } });
  assert.equal((await patch({ project_id: other }, token)).status, 403);
  assert.equal((await patch({ project_id: other })).status, 200);
  assert.equal((await t.admin("POST", EC2, { body: signed(key) })).status, 401);
  await patch({ project_id: projectId });
  // Nor can the trust be shaken off.
  const bare = JSON.stringify({ access: key.access, secret: key.secret });
  assert.equal((await patch({ blob: bare })).status, 400);
  assert.equal((await patch({ type: "cert" })).status, 400);
  assert.equal((await t.admin("POST", EC2, { body: signed(key) })).status, 200);
  await t.request("DELETE", `/identity/v3/OS-TRUST/trusts/${trust.id}`, { token: demo });
  assert.equal((await t.admin("POST", EC2, { body: signed(key) })).status, 401);
});

test("a key's tokens end with the trust or application credential behind it", async () => {
  const expires_at = new Date(clock.now() + 10 * MINUTE).toISOString();
  const { token } = await trustToken("hurried", false, { expires_at });
  const unrestricted = { name: "ending", unrestricted: true, expires_at: expires_at.slice(0, 19) };
  const trusteeId = t.cloud.kernel.authenticator.authenticate(token)?.userId ?? "";
  for (const key of [await makeKey(token, trusteeId), await makeKey(await applicationCredential(demo, unrestricted))]) {
    const answer = await t.admin("POST", EC2, { body: signed(key) });
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    assert.ok(Date.parse(answer.body.token.expires_at) <= Date.parse(expires_at));
  }
});

test("a key cannot claim a trust or application credential that its maker does not act through", async () => {
  const { trust } = await trustToken("honest", true);
  const thiefId = await t.user("thief", "demo", "member");
  const thief = await t.login("thief", "demo");
  const made = await knownKey("claimed", "secret", thief, { trust_id: trust.id, app_cred_id: "x" });
  assert.equal(made.status, 201);
  assert.deepEqual(JSON.parse(made.body.credential.blob), { access: "claimed", secret: "secret" });
  const own = await t.admin("POST", EC2, { body: signed({ access: "claimed", secret: "secret" }) });
  assert.equal(own.body.token.user.id, thiefId);
  const path = `/identity/v3/credentials/${made.body.credential.id}`;
  const blob = JSON.stringify({ access: "claimed", secret: "secret", trust_id: trust.id });
  // Nor does one help that an earlier version let in.
  const write = t.cloud.kernel.db.prepare("UPDATE identity_credentials SET blob = ? WHERE id = ?");
  write.run(blob, made.body.credential.id);
  const old = await t.admin("POST", EC2, { body: signed({ access: "claimed", secret: "secret" }) });
  assert.equal(old.status, 401);
  write.run(made.body.credential.blob, made.body.credential.id);
  assert.equal((await t.request("PATCH", path, { token: thief, body: { credential: { blob } } })).status, 400);
  // Not through another type either.
  const disguised = { type: "cert", blob, project_id: projectId };
  const cert = await t.request("POST", "/identity/v3/credentials", { token: thief, body: { credential: disguised } });
  const change = { token: thief, body: { credential: { type: "ec2" } } };
  const at = `/identity/v3/credentials/${cert.body.credential.id}`;
  assert.equal((await t.request("PATCH", at, change)).status, 400);
});

test("s3tokens takes no string that was signed for another service", async () => {
  const key = await makeKey();
  const ask = (service: string, lines = 4) => {
    const scope = `20260102/RegionOne/${service}/aws4_request`;
    const text = ["AWS4-HMAC-SHA256", "20260102T030405Z", scope, "0".repeat(64), "more"].slice(0, lines).join("\n");
    let signing = Buffer.from(`AWS4${key.secret}`);
    for (const part of scope.split("/")) signing = createHmac("sha256", signing).update(part).digest();
    const signature = createHmac("sha256", signing).update(text).digest("hex");
    const token = Buffer.from(text).toString("base64url");
    return t.admin("POST", S3, { body: { credentials: { access: key.access, token, signature } } });
  };
  assert.equal((await ask("s3")).status, 200);
  assert.equal((await ask("ec2")).status, 401);
  assert.equal((await ask("s3", 5)).status, 401);
});
