import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { A, type SwiftCloud, type SwiftOptions, swiftCloud } from "./support.ts";

describe("who may do what with containers and objects", () => {
  let t: SwiftCloud;
  before(async () => {
    t = await swiftCloud();
    await t.swift("PUT", `${A}/c`);
    await t.swift("PUT", `${A}/c/o`, { body: "bytes" });
  });
  after(() => t.close());
  const acl = (headers: Record<string, string>) => t.swift("POST", `${A}/c`, { headers });
  const get = (options: SwiftOptions, path = `${A}/c/o`) => t.swift("GET", path, options).then(({ status }) => status);

  it("asks who it is, then refuses: another project learns nothing of what is there", async () => {
    assert.equal(await get({ token: null }), 401);
    assert.equal(await get({ token: "nonsense" }), 401);
    const refused = await t.swift("GET", `${A}/c/o`, { token: "member:beta" });
    assert.equal(refused.status, 403);
    assert.equal(refused.text, "<html><h1>Forbidden</h1><p>Access was denied to this resource.</p></html>");
    assert.equal(await get({ token: "member:beta" }, `${A}/nothing/x`), 403);
    assert.equal(await get({ token: "reader:alpha" }), 200);
    assert.equal((await t.swift("PUT", `${A}/c/o2`, { token: "reader:alpha", body: "" })).status, 403);
    assert.equal(await get({ token: "ResellerAdmin:beta" }), 200);
    assert.equal((await t.swift("DELETE", A)).status, 403);
    assert.equal((await t.swift("PUT", A)).status, 405);
  });

  it("lets those in whom a container's lists name", async () => {
    await acl({ "x-container-read": "beta:user-of-beta, gamma:*" });
    assert.equal((await t.swift("HEAD", `${A}/c`)).headers["x-container-read"], "beta:user-of-beta,gamma:*");
    assert.equal(await get({ token: "member:beta" }), 200);
    assert.equal(await get({ token: "member:beta:other" }), 403);
    assert.equal(await get({ token: "member:gamma" }), 200);
    assert.equal(await get({ token: "member:gamma" }, `${A}/c`), 200);
    const seen = await t.swift("HEAD", `${A}/c`, { token: "member:gamma" });
    assert.equal(seen.headers["x-container-read"], undefined);
    const put = (token: string) => t.swift("PUT", `${A}/c/new`, { token, body: "" }).then(({ status }) => status);
    assert.equal(await put("member:beta"), 403);
    await acl({ "x-container-write": "beta:*" });
    assert.equal(await put("member:beta"), 201);
    assert.equal((await t.swift("POST", `${A}/c`, { token: "member:beta" })).status, 403);
    await acl({ "x-container-read": "", "x-remove-container-write": "x" });
    assert.equal(await get({ token: "member:beta" }), 403);
    assert.equal(await put("member:beta"), 403);
  });

  it("lets anybody in by referrer, and lists only where that is said", async () => {
    await acl({ "x-container-read": ".r:*" });
    assert.equal(await get({ token: null }), 200);
    assert.equal(await get({ token: null }, `${A}/c`), 401);
    await acl({ "x-container-read": ".r:*,.rlistings" });
    assert.equal(await get({ token: null }, `${A}/c`), 200);
    await acl({ "x-container-read": ".r:.example.com,.r:-bad.example.com" });
    const from = (referer: string) => get({ token: null, headers: { referer } });
    assert.equal(await from("http://www.example.com/page"), 200);
    assert.equal(await from("http://bad.example.com/page"), 401);
    assert.equal(await from("http://elsewhere.com/"), 401);
    for (const [header, value] of [
      ["x-container-read", ".x:y"],
      ["x-container-read", ".r:"],
      ["x-container-write", ".r:*"],
    ] as const)
      assert.equal((await acl({ [header]: value })).status, 400);
    await acl({ "x-container-read": "" });
  });

  it("lets those in whom an account's lists name", async () => {
    const lists = (value: unknown) =>
      t.swift("POST", A, {
        headers: { "x-account-access-control": typeof value === "string" ? value : JSON.stringify(value) },
      });
    assert.equal((await lists({ "read-only": ["beta:*"], "read-write": ["gamma:user-of-gamma"] })).status, 204);
    assert.equal(await get({ token: "member:beta" }), 200);
    assert.equal(await get({ token: "member:beta" }, A), 200);
    const put = (token: string) => t.swift("PUT", `${A}/c/by-list`, { token, body: "" }).then(({ status }) => status);
    assert.equal(await put("member:beta"), 403);
    assert.equal(await put("member:gamma"), 201);
    assert.equal((await t.swift("HEAD", A, { token: "member:beta" })).headers["x-account-access-control"], undefined);
    for (const wrong of ["{", "[]", { writers: [] }, { "read-only": "beta" }])
      assert.equal((await lists(wrong)).status, 400);
    await lists("");
    assert.equal(await get({ token: "member:beta" }), 403);
  });

  it("keeps within quotas, which only a reseller's admin sets for an account", async () => {
    assert.equal((await t.swift("POST", A, { headers: { "x-account-meta-quota-bytes": "1" } })).status, 403);
    await t.swift("PUT", `${A}/q`, {
      headers: { "x-container-meta-quota-bytes": "10", "x-container-meta-quota-count": "2" },
    });
    const put = (name: string, size: number, headers = {}) =>
      t.swift("PUT", `${A}/q/${name}`, { body: "x".repeat(size), headers });
    assert.equal((await put("a", 10)).status, 201);
    const full = await put("b", 1);
    assert.equal(full.status, 413);
    assert.equal(full.text, "Upload exceeds quota.");
    await t.swift("DELETE", `${A}/q/a`);
    const chunked = await put("c", 11, { "transfer-encoding": "chunked", "content-length": "" }).catch(() => null);
    assert.notEqual(chunked?.status, 201);
    await put("a", 1);
    await put("b", 1);
    assert.equal((await put("c", 1)).status, 413);
    assert.equal(
      (await t.swift("POST", `${A}/q`, { headers: { "x-container-meta-quota-bytes": "many" } })).status,
      400,
    );
    const admin = { token: "ResellerAdmin:beta" };
    assert.equal((await t.swift("POST", A, { ...admin, headers: { "x-account-meta-quota-bytes": "1" } })).status, 204);
    assert.equal((await put("a", 5)).status, 413);
    assert.equal(
      (await t.swift("POST", A, { ...admin, headers: { "x-remove-account-meta-quota-bytes": "x" } })).status,
      204,
    );
  });

  describe("signed URLs", () => {
    const key = "secret key";
    const far = Math.floor(Date.UTC(2026, 0, 1) / 1000) + 3600;
    const sign = (text: string, digest = "sha256", encoding: "hex" | "base64url" = "hex") =>
      createHmac(digest, key).update(text).digest(encoding);
    before(async () => {
      await t.swift("POST", A, { headers: { "x-account-meta-temp-url-key": key } });
      await t.swift("PUT", `${A}/c/dir/b.txt`, {
        body: "signed",
        headers: { "x-object-meta-secret": "s", "x-object-meta-public-a": "p" },
      });
    });
    const ask = (query: string, method = "GET", path = `${A}/c/dir/b.txt`, options: SwiftOptions = {}) =>
      t.swift(method, `${path}?${query}`, { token: null, ...options });

    it("give what they were made for, to whoever has them", async () => {
      for (const digest of ["sha1", "sha256", "sha512"]) {
        const signature = sign(`GET\n${far}\n${A}/c/dir/b.txt`, digest);
        const got = await ask(`temp_url_sig=${signature}&temp_url_expires=${far}`);
        assert.equal(got.status, 200);
        assert.equal(got.text, "signed");
        assert.equal(got.headers["content-disposition"], `attachment; filename="b.txt"; filename*=UTF-8''b.txt`);
        assert.equal(got.headers["x-object-meta-secret"], undefined);
        assert.equal(got.headers["x-object-meta-public-a"], "p");
        assert.equal(got.headers.expires, new Date(far * 1000).toUTCString());
      }
      const base64 = sign(`GET\n${far}\n${A}/c/dir/b.txt`, "sha256", "base64url");
      const iso = new Date(far * 1000).toISOString().slice(0, 19);
      assert.equal((await ask(`temp_url_sig=sha256:${base64}&temp_url_expires=${iso}Z`)).status, 200);
      const mounted = sign(`GET\n${far}\n/object-store${A}/c/dir/b.txt`);
      assert.equal((await ask(`temp_url_sig=${mounted}&temp_url_expires=${far}`)).status, 200);
      const head = await ask(`temp_url_sig=${sign(`PUT\n${far}\n${A}/c/dir/b.txt`)}&temp_url_expires=${far}`, "HEAD");
      assert.equal(head.status, 200);
    });

    it("give nothing else", async () => {
      const good = sign(`GET\n${far}\n${A}/c/dir/b.txt`);
      const wrong = [
        `temp_url_sig=${good}&temp_url_expires=${far + 1}`,
        `temp_url_sig=${"0".repeat(64)}&temp_url_expires=${far}`,
        `temp_url_sig=${good}`,
        `temp_url_expires=${far}`,
        `temp_url_sig=${sign(`GET\n5\n${A}/c/dir/b.txt`)}&temp_url_expires=5`,
      ];
      for (const query of wrong) {
        const refused = await ask(query);
        assert.equal(refused.status, 401, query);
        assert.equal(refused.text, "401 Unauthorized: Temp URL invalid\n");
        assert.equal(refused.headers["www-authenticate"], 'Swift realm="unknown"');
      }
      assert.equal((await ask(`temp_url_sig=${good}&temp_url_expires=${far}`, "PUT")).status, 401);
      assert.equal((await ask(`temp_url_sig=${good}&temp_url_expires=${far}`, "GET", `${A}/c/o`)).status, 401);
      const put = `temp_url_sig=${sign(`PUT\n${far}\n${A}/c/p`)}&temp_url_expires=${far}`;
      const manifest = await ask(put, "PUT", `${A}/c/p`, { body: "", headers: { "x-object-manifest": "c/" } });
      assert.equal(manifest.status, 400);
      assert.equal(manifest.text, "The header 'X-Object-Manifest' is not allowed in this tempurl");
      assert.equal((await ask(put, "PUT", `${A}/c/p`, { body: "x" })).status, 201);
    });

    it("reach as far as their prefix and from the addresses they name", async () => {
      const prefix = sign(`GET\n${far}\nprefix:${A}/c/dir/`);
      const query = `temp_url_sig=${prefix}&temp_url_expires=${far}&temp_url_prefix=dir/`;
      assert.equal((await ask(query)).status, 200);
      assert.equal((await ask(query, "GET", `${A}/c/o`)).status, 401);
      const empty = sign(`GET\n${far}\nprefix:${A}/c/`);
      const all = `temp_url_sig=${empty}&temp_url_expires=${far}&temp_url_prefix=`;
      assert.equal((await ask(all, "GET", `${A}/c/o`)).status, 200);
      assert.equal((await ask(all, "GET", `${A}/c`)).status, 401);
      const from = (range: string) =>
        ask(
          `temp_url_sig=${sign(`ip=${range}\nGET\n${far}\n${A}/c/o`)}&temp_url_expires=${far}&temp_url_ip_range=${range}`,
          "GET",
          `${A}/c/o`,
        );
      assert.equal((await from("127.0.0.0/8")).status, 200);
      assert.equal((await from("10.0.0.0/8")).status, 401);
    });

    it("by a container's key do not leave the container", async () => {
      await t.swift("PUT", `${A}/mine`, { headers: { "x-container-meta-temp-url-key": "other" } });
      await t.swift("PUT", `${A}/mine/link`, { body: "", headers: { "x-symlink-target": "c/o" } });
      const signature = createHmac("sha256", "other").update(`GET\n${far}\n${A}/mine/link`).digest("hex");
      assert.equal(
        (await ask(`temp_url_sig=${signature}&temp_url_expires=${far}`, "GET", `${A}/mine/link`)).status,
        401,
      );
    });
  });

  it("takes the files of a signed form, and no others", async () => {
    const expires = Math.floor(Date.UTC(2026, 0, 1) / 1000) + 3600;
    await t.swift("POST", A, { headers: { "x-account-meta-temp-url-key": "form key" } });
    const post = (fields: Record<string, string>, files: readonly [string, string][]) => {
      const boundary = "----b";
      const parts = [
        ...Object.entries(fields).map(
          ([name, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
        ),
        ...files.map(
          ([name, text]) =>
            `--${boundary}\r\nContent-Disposition: form-data; name="f"; filename="${name}"\r\nContent-Type: text/x\r\n\r\n${text}\r\n`,
        ),
      ];
      return t.swift("POST", `${A}/c/form/`, {
        token: null,
        headers: { "content-type": `multipart/form-data; boundary=${boundary}` },
        body: `${parts.join("")}--${boundary}--\r\n`,
      });
    };
    const fields = { redirect: "", max_file_size: "100000", max_file_count: "2", expires: String(expires) };
    const signature = createHmac("sha1", "form key").update(`${A}/c/form/\n\n100000\n2\n${expires}`).digest("hex");
    const big = "y".repeat(90_000);
    const made = await post({ ...fields, signature }, [
      ["one", "1\r\n--x"],
      ["two", big],
    ]);
    assert.equal(made.status, 201, made.text);
    assert.equal(made.text, "201 Created");
    assert.equal((await t.swift("GET", `${A}/c/form/one`)).text, "1\r\n--x");
    const two = await t.swift("GET", `${A}/c/form/two`);
    assert.equal(two.text, big);
    assert.equal(two.headers["content-type"], "text/x");
    const forged = await post({ ...fields, max_file_size: "200000", signature }, [["three", "3"]]);
    assert.equal(forged.status, 401);
    assert.equal(forged.text, "FormPost: Invalid Signature");
    assert.equal((await post({ ...fields, expires: "5", signature }, [["three", "3"]])).text, "FormPost: Form Expired");
    const many = await post({ ...fields, signature }, [
      ["a", "1"],
      ["b", "2"],
      ["d", "3"],
    ]);
    assert.equal(many.status, 400);
    assert.match(many.text, /FormPost: Max File Count Exceeded/);
    assert.equal((await post({ ...fields, signature }, [])).status, 400);
    const large = await post({ ...fields, signature }, [["large", "z".repeat(100_001)]]);
    assert.equal(large.status, 400);
    assert.equal((await t.swift("HEAD", `${A}/c/form/large`)).status, 404);
  });

  it("tells browsers what other origins' scripts may", async () => {
    await t.swift("POST", `${A}/c`, {
      headers: {
        "x-container-meta-access-control-allow-origin": "http://ok.example",
        "x-container-meta-access-control-max-age": "60",
      },
    });
    const options = (origin: string) =>
      t.swift("OPTIONS", `${A}/c/o`, {
        token: null,
        headers: { origin, "access-control-request-method": "GET", "access-control-request-headers": "x-a" },
      });
    const allowed = await options("http://ok.example");
    assert.equal(allowed.status, 200);
    assert.equal(allowed.headers["access-control-allow-origin"], "http://ok.example");
    assert.equal(allowed.headers["access-control-max-age"], "60");
    assert.equal(allowed.headers["access-control-allow-headers"], "x-a");
    assert.equal(allowed.headers.vary, "Origin, Access-Control-Request-Headers");
    assert.equal((await options("http://bad.example")).status, 401);
    const got = await t.swift("GET", `${A}/c/o`, { headers: { origin: "http://ok.example" } });
    assert.equal(got.headers["access-control-allow-origin"], "http://ok.example");
    assert.match(String(got.headers["access-control-expose-headers"]), /etag/);
    assert.equal(
      (await t.swift("GET", `${A}/c/o`, { headers: { origin: "http://bad.example" } })).headers[
        "access-control-allow-origin"
      ],
      undefined,
    );
  });
});
