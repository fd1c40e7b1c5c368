import { about, choice, IMAGE, imageAndItsVolumes, type StandardNamespace, text } from "./words.ts";

const UUID = "^([0-9a-fA-F]){8}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){12}$";

export const imageNamespaces: StandardNamespace[] = [
  {
    namespace: "OS::Glance::CommonImageProperties",
    display_name: "Common Image Properties",
    description: "What is often said of images.",
    protected: true,
    properties: {
      kernel_id: text("Kernel ID", "Image of the kernel that the image is started with.", { pattern: UUID }),
      ramdisk_id: text("Ramdisk ID", "Image of the ramdisk that the image is started with.", { pattern: UUID }),
      instance_uuid: text("Instance ID", "Server that the image was made of."),
      architecture: text("CPU Architecture", "Processor architecture."),
      os_distro: text("OS Distro", "Distribution, in lower case."),
      os_version: text("OS Version", "Version, as the distribution says it."),
      description: text("Image description", "What the image is, for people."),
      cinder_encryption_key_id: text("Cinder Encryption Key ID", "Key that the volume was encrypted with."),
      cinder_encryption_key_deletion_policy: choice(
        "Cinder Encryption Key Deletion Policy",
        "Whether the key goes with the image.",
        ["on_image_deletion", "do_not_delete"],
      ),
    },
  },
  {
    namespace: "OS::Glance::Signatures",
    display_name: "Image Signature Verification",
    description: "By whom the bytes of an image are signed.",
    protected: false,
    associations: [about(IMAGE)],
    properties: {
      img_signature: text("Image Signature", "The signature, in base64."),
      img_signature_certificate_uuid: text("Image Signature Certificate UUID", "Secret that holds the certificate."),
      img_signature_hash_method: choice("Image Signature Hash Method", "The hash that is signed.", [
        "SHA-224",
        "SHA-256",
        "SHA-384",
        "SHA-512",
      ]),
      img_signature_key_type: choice("Image Signature Key Type", "The kind of key.", [
        "RSA-PSS",
        "DSA",
        "ECC_SECT571K1",
        "ECC_SECT409K1",
        "ECC_SECT571R1",
        "ECC_SECT409R1",
        "ECC_SECP521R1",
        "ECC_SECP384R1",
      ]),
    },
  },
  {
    namespace: "OS::OperatingSystem",
    display_name: "Common Operating System Properties",
    description: "The operating system of an image.",
    protected: true,
    associations: imageAndItsVolumes(),
    properties: {
      os_distro: text("OS Distro", "Distribution, in lower case."),
      os_version: text("OS Version", "Version, as the distribution says it."),
      os_admin_user: text("OS Admin User", "Whom to log in as."),
    },
  },
  {
    namespace: "OS::Cinder::Volumetype",
    display_name: "Cinder Volume Type",
    description: "The type of volumes that are made of an image.",
    protected: true,
    associations: [about(IMAGE, "cinder_")],
    properties: { img_volume_type: text("Image Volume Type", "Name of a volume type.") },
  },
];
