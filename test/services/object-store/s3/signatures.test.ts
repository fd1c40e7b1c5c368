import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { describe, it } from "node:test";
import { signingKey } from "../../../../src/services/identity/manager/ec2-signatures.ts";
import { stringToSignV2 } from "../../../../src/services/object-store/fronts/s3/signature-v2.ts";
import {
  canonicalRequest,
  chunkSigner,
  signature,
  stringToSign,
} from "../../../../src/services/object-store/fronts/s3/signature-v4.ts";
import { sha256 } from "./support.ts";

/** The examples of "Authenticating Requests" in AWS's reference of S3: their key, requests and signatures. */
const SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const HOST = "examplebucket.s3.amazonaws.com";
const EMPTY = sha256("");
const scope = { time: "20130524T000000Z", date: "20130524", region: "us-east-1", service: "s3" };
const key = signingKey(SECRET, scope.date, scope.region, scope.service);

function signed(
  method: string,
  path: string,
  query: [string, string][],
  headers: Record<string, string>,
  payload: string,
): string {
  const all = Object.entries({ host: HOST, "x-amz-date": scope.time, "x-amz-content-sha256": payload, ...headers });
  all.sort(([a], [b]) => (a < b ? -1 : 1));
  return signature(key, stringToSign(scope, canonicalRequest({ method, path, query, headers: all, payload })));
}

describe("signature version 4, by AWS's examples", () => {
  it("GET of a part of an object", () => {
    const made = signed("GET", "/test.txt", [], { range: "bytes=0-9" }, EMPTY);
    assert.equal(made, "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
  });

  it("PUT of an object whose name has a character that is encoded", () => {
    const headers = { date: "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY" };
    const made = signed("PUT", "/test$file.text", [], headers, sha256("Welcome to Amazon S3."));
    assert.equal(made, "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
  });

  it("a sub-resource without a value, and parameters", () => {
    assert.equal(
      signed("GET", "/", [["lifecycle", ""]], {}, EMPTY),
      "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
    );
    assert.equal(
      signed(
        "GET",
        "/",
        [
          ["max-keys", "2"],
          ["prefix", "J"],
        ],
        {},
        EMPTY,
      ),
      "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
    );
  });

  it("a URL that is signed", () => {
    const query: [string, string][] = [
      ["X-Amz-Algorithm", "AWS4-HMAC-SHA256"],
      ["X-Amz-Credential", "AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request"],
      ["X-Amz-Date", scope.time],
      ["X-Amz-Expires", "86400"],
      ["X-Amz-SignedHeaders", "host"],
    ];
    const parts = {
      method: "GET",
      path: "/test.txt",
      query,
      headers: [["host", HOST]] as const,
      payload: "UNSIGNED-PAYLOAD",
    };
    const made = signature(key, stringToSign(scope, canonicalRequest(parts)));
    assert.equal(made, "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
  });

  it("chunks of a body, each over the one before", () => {
    const seed = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9";
    const chunks = chunkSigner(key, scope, seed);
    assert.equal(
      chunks.chunk(sha256("a".repeat(65536))),
      "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
    );
    assert.equal(
      chunks.chunk(sha256("a".repeat(1024))),
      "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
    );
    assert.equal(chunks.chunk(EMPTY), "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9");
  });

  it("what trails the chunks", () => {
    const seed = "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e";
    const chunks = chunkSigner(key, scope, seed);
    assert.equal(
      chunks.chunk(sha256("a".repeat(65536))),
      "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
    );
    assert.equal(
      chunks.chunk(sha256("a".repeat(1024))),
      "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
    );
    assert.equal(chunks.chunk(EMPTY), "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992");
    const trailer = sha256("x-amz-checksum-crc32c:sOO8/Q==\n");
    assert.equal(chunks.trailer(trailer), "d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435");
  });
});

describe("signature version 2, by AWS's examples", () => {
  const sign = (text: string) => createHmac("sha1", SECRET).update(text, "latin1").digest("base64");
  const bucket = "/awsexamplebucket1";

  it("GET, PUT, list and a sub-resource", () => {
    const date = "Tue, 27 Mar 2007 19:36:42 +0000";
    assert.equal(
      sign(stringToSignV2("GET", new Headers(), date, `${bucket}/photos/puppy.jpg`, [])),
      "qgk2+6Sv9/oM7G3qLEjTH1a1l1g=",
    );
    const put = new Headers({ "content-type": "image/jpeg", "content-length": "94328" });
    assert.equal(
      sign(stringToSignV2("PUT", put, "Tue, 27 Mar 2007 21:15:45 +0000", `${bucket}/photos/puppy.jpg`, [])),
      "iqRzw+ileNPu1fhspnRs8nOjjIA=",
    );
    const list: [string, string][] = [
      ["prefix", "photos"],
      ["max-keys", "50"],
      ["marker", "puppy"],
    ];
    assert.equal(
      sign(stringToSignV2("GET", new Headers(), "Tue, 27 Mar 2007 19:42:41 +0000", `${bucket}/`, list)),
      "m0WP8eCtspQl5Ahe6L1SozdX9YA=",
    );
    assert.equal(
      sign(stringToSignV2("GET", new Headers(), "Tue, 27 Mar 2007 19:44:46 +0000", `${bucket}/`, [["acl", ""]])),
      "82ZHiFIjc+WbcwFKGUVEQspPn+0=",
    );
  });
});
