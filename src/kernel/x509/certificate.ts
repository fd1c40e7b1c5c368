import { createHash, type KeyObject, randomBytes, sign, X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { AsnConvert, OctetString } from "@peculiar/asn1-schema";
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  AuthorityKeyIdentifier,
  BasicConstraints,
  Certificate,
  DirectoryString,
  ExtendedKeyUsage,
  Extension,
  Extensions,
  GeneralName,
  id_ce_authorityKeyIdentifier,
  id_ce_basicConstraints,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_ce_subjectAltName,
  id_ce_subjectKeyIdentifier,
  id_kp_clientAuth,
  id_kp_serverAuth,
  KeyIdentifier,
  KeyUsage,
  KeyUsageFlags,
  Name,
  OtherName,
  RelativeDistinguishedName,
  SubjectAlternativeName,
  SubjectKeyIdentifier,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Validity,
  Version,
} from "@peculiar/asn1-x509";

/** What a certificate is for. */
export type CertificateUse =
  /** Signs certificates; at most `pathLength` further authorities may stand between it and a server. */
  | { readonly kind: "authority"; readonly pathLength: number }
  /** Answers TLS under these names and addresses. */
  | { readonly kind: "server"; readonly names: readonly string[] }
  /** Logs in as an account: Microsoft's user principal name, `user@host`. */
  | { readonly kind: "client"; readonly principal: string };

export interface CertificateWish {
  readonly subject: { readonly organization?: string; readonly commonName: string };
  readonly publicKey: KeyObject;
  /** Whose `signingKey` it is; null when the key signs its own certificate. */
  readonly issuer: X509Certificate | null;
  /** RSA, or an elliptic curve's. */
  readonly signingKey: KeyObject;
  /** Milliseconds since the epoch. */
  readonly validFrom: number;
  readonly validTo: number;
  readonly use: CertificateUse;
}

const OID = {
  organization: "2.5.4.10",
  commonName: "2.5.4.3",
  ecdsaWithSha256: "1.2.840.10045.4.3.2",
  sha256WithRsa: "1.2.840.113549.1.1.11",
  principalName: "1.3.6.1.4.1.311.20.2.3",
} as const;

/**
 * A signed certificate as PEM: Node reads certificates but does not write them. This file's packages take 17 MB and some 50 ms:
 * it is to be loaded by `import()` where a certificate is really made.
 */
export function makeCertificate(wish: CertificateWish): string {
  const { issuer, signingKey, use } = wish;
  const subject = nameOf(wish.subject);
  const signature = algorithmOf(signingKey);
  const subjectPublicKeyInfo = publicKeyInfo(wish.publicKey);
  const tbsCertificate = new TBSCertificate({
    version: Version.v3,
    serialNumber: serialNumber(),
    signature,
    issuer: issuer === null ? subject : AsnConvert.parse(issuer.raw, Certificate).tbsCertificate.subject,
    validity: new Validity({ notBefore: new Date(wish.validFrom), notAfter: new Date(wish.validTo) }),
    subject,
    subjectPublicKeyInfo,
    extensions: new Extensions([
      ...extensionsOf(use),
      extension(id_ce_subjectKeyIdentifier, new SubjectKeyIdentifier(keyIdentifier(subjectPublicKeyInfo))),
      ...(issuer === null ? [] : [authorityIdentifier(issuer)]),
    ]),
  });
  const signatureValue = bytes(sign("sha256", Buffer.from(AsnConvert.serialize(tbsCertificate)), signingKey));
  const certificate = new Certificate({ tbsCertificate, signatureAlgorithm: signature, signatureValue });
  return new X509Certificate(Buffer.from(AsnConvert.serialize(certificate))).toString();
}

function extensionsOf(use: CertificateUse): Extension[] {
  const { digitalSignature, keyAgreement, keyCertSign, cRLSign } = KeyUsageFlags;
  switch (use.kind) {
    case "authority":
      return [
        extension(
          id_ce_basicConstraints,
          new BasicConstraints({ cA: true, pathLenConstraint: use.pathLength }),
          "critical",
        ),
        extension(id_ce_keyUsage, new KeyUsage(keyCertSign | cRLSign), "critical"),
      ];
    case "server":
      return [
        extension(id_ce_basicConstraints, new BasicConstraints({ cA: false }), "critical"),
        extension(id_ce_keyUsage, new KeyUsage(digitalSignature | keyAgreement), "critical"),
        extension(id_ce_extKeyUsage, new ExtendedKeyUsage([id_kp_serverAuth, id_kp_clientAuth])),
        extension(id_ce_subjectAltName, new SubjectAlternativeName(use.names.map(alternativeName))),
      ];
    case "client":
      return [
        extension(id_ce_extKeyUsage, new ExtendedKeyUsage([id_kp_clientAuth])),
        extension(id_ce_subjectAltName, new SubjectAlternativeName([principalName(use.principal)])),
      ];
  }
}

function extension(extnID: string, value: unknown, critical?: "critical"): Extension {
  const extnValue = new OctetString(AsnConvert.serialize(value));
  return new Extension({ extnID, critical: critical === "critical", extnValue });
}

function authorityIdentifier(issuer: X509Certificate): Extension {
  const identifier = new KeyIdentifier(keyIdentifier(publicKeyInfo(issuer.publicKey)));
  return extension(id_ce_authorityKeyIdentifier, new AuthorityKeyIdentifier({ keyIdentifier: identifier }));
}

const alternativeName = (name: string): GeneralName =>
  new GeneralName(isIP(name) === 0 ? { dNSName: name } : { iPAddress: name });

function principalName(principal: string): GeneralName {
  const value = AsnConvert.serialize(new DirectoryString({ utf8String: principal }));
  return new GeneralName({ otherName: new OtherName({ typeId: OID.principalName, value }) });
}

function nameOf({ organization, commonName }: CertificateWish["subject"]): Name {
  const part = (type: string, utf8String: string) =>
    new RelativeDistinguishedName([new AttributeTypeAndValue({ type, value: new AttributeValue({ utf8String }) })]);
  return new Name([
    ...(organization === undefined ? [] : [part(OID.organization, organization)]),
    part(OID.commonName, commonName),
  ]);
}

function algorithmOf({ asymmetricKeyType }: KeyObject): AlgorithmIdentifier {
  if (asymmetricKeyType === "ec") return new AlgorithmIdentifier({ algorithm: OID.ecdsaWithSha256 });
  return new AlgorithmIdentifier({ algorithm: OID.sha256WithRsa, parameters: null });
}

const publicKeyInfo = (key: KeyObject): SubjectPublicKeyInfo =>
  AsnConvert.parse(key.export({ type: "spki", format: "der" }), SubjectPublicKeyInfo);

/** RFC 5280's usual one. */
const keyIdentifier = ({ subjectPublicKey }: SubjectPublicKeyInfo): ArrayBuffer =>
  bytes(createHash("sha1").update(new Uint8Array(subjectPublicKey)).digest());

/** Random, positive, and not 0 at its head: a DER INTEGER of minimal length. */
function serialNumber(): ArrayBuffer {
  const serial = randomBytes(20);
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  return bytes(serial);
}

const bytes = (buffer: Buffer): ArrayBuffer => new Uint8Array(buffer).buffer;
