import { ec2Tree } from "./ec2.ts";
import type { GuestMetadata } from "./guest.ts";
import { networkData } from "./network-data.ts";

/** Versions of the OpenStack format, oldest first; "latest" is the last. */
export const OPENSTACK_VERSIONS = [
  "2012-08-10",
  "2013-04-04",
  "2013-10-17",
  "2015-10-15",
  "2016-06-30",
  "2016-10-06",
  "2017-02-22",
  "2018-08-27",
  "2020-10-14",
] as const;

/** Versions of the EC2 format; "latest" is the last. */
export const EC2_VERSIONS = [
  "1.0",
  "2007-01-19",
  "2007-03-01",
  "2007-08-29",
  "2007-10-10",
  "2007-12-15",
  "2008-02-01",
  "2008-09-01",
  "2009-04-04",
] as const;

/** openstack/<version>/meta_data.json */
export function metaDataJson(guest: GuestMetadata, files: readonly { path: string }[] = []): Record<string, unknown> {
  const keys = guest.keys.map(({ name, type, data }) => ({ name, type, data }));
  return {
    uuid: guest.uuid,
    ...(guest.adminPassword === null ? {} : { admin_pass: guest.adminPassword }),
    ...(keys.length === 0 ? {} : { public_keys: Object.fromEntries(keys.map(({ name, data }) => [name, data])), keys }),
    hostname: guest.hostname,
    name: guest.name,
    launch_index: guest.launchIndex,
    availability_zone: guest.availabilityZone,
    ...(Object.keys(guest.meta).length === 0 ? {} : { meta: guest.meta }),
    ...(files.length === 0
      ? {}
      : { files: files.map(({ path }, index) => ({ path, content_path: contentPath(index) })) }),
    random_seed: guest.randomSeed,
    project_id: guest.projectId,
    devices: guest.devices,
    dedicated_cpus: [],
  };
}

const contentPath = (index: number): string => `/content/${String(index).padStart(4, "0")}`;

/** What a config drive holds: path → content. `files` is the old personality, its contents in base64. */
export function metadataFiles(
  guest: GuestMetadata,
  files: readonly { path: string; contents: string }[] = [],
): Record<string, string | Uint8Array> {
  const result: Record<string, string | Uint8Array> = {};
  const meta = JSON.stringify(metaDataJson(guest, files));
  const network = JSON.stringify(networkData(guest.vifs));
  for (const version of [...OPENSTACK_VERSIONS, "latest"]) {
    const directory = `openstack/${version}`;
    result[`${directory}/meta_data.json`] = meta;
    if (guest.userData !== null) result[`${directory}/user_data`] = guest.userData;
    if (version === "latest" || version >= "2013-10-17")
      result[`${directory}/vendor_data.json`] = JSON.stringify(guest.vendorData);
    if (version === "latest" || version >= "2015-10-15") result[`${directory}/network_data.json`] = network;
    if (version === "latest" || version >= "2016-10-06") result[`${directory}/vendor_data2.json`] = "{}";
  }
  for (const [index, { contents }] of files.entries()) {
    result[`openstack${contentPath(index)}`] = Buffer.from(contents, "base64");
  }
  const ec2 = ec2Tree(guest);
  for (const version of ["2009-04-04", "latest"]) {
    result[`ec2/${version}/meta-data.json`] = JSON.stringify(ec2);
    if (guest.userData !== null) result[`ec2/${version}/user-data`] = guest.userData;
  }
  return result;
}
