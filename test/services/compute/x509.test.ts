import assert from "node:assert/strict";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { test } from "node:test";
import { generateX509KeyPair, x509Fingerprint } from "../../../src/services/compute/manager/x509-keys.ts";

test("a certificate that others can read: self-signed, of its key, for its user, for ten years", async () => {
  for (const start of [Date.UTC(2026, 0, 2, 3, 4, 5), Date.UTC(2045, 5, 1)]) {
    const { certificate, privateKey } = await generateX509KeyPair("b9a1e2", start);
    const read = new X509Certificate(certificate);
    assert.equal(read.subject, "CN=b9a1e2");
    assert.equal(read.issuer, read.subject);
    assert.ok(read.verify(read.publicKey), "signed by itself");
    assert.ok(read.checkPrivateKey(createPrivateKey(privateKey)));
    assert.deepEqual(read.keyUsage, ["1.3.6.1.5.5.7.3.2"]);
    assert.match(read.subjectAltName ?? "", /b9a1e2@localhost/);
    assert.equal(Date.parse(read.validFrom), start);
    assert.equal(Date.parse(read.validTo), start + 3650 * 86_400_000);
    assert.match(x509Fingerprint(certificate) ?? "", /^([0-9a-f]{2}:){19}[0-9a-f]{2}$/);
  }
});

test("what is no certificate has no fingerprint", () => {
  assert.equal(x509Fingerprint("ssh-rsa AAAA"), null);
  assert.equal(x509Fingerprint("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"), null);
});
