const HTML = { rel: "describedby", type: "text/html", href: "http://docs.openstack.org/" };

const mediaTypes = (version: string) => [
  { base: "application/json", type: `application/vnd.openstack.compute+json;version=${version}` },
];

const v20 = (baseUrl: string) => ({
  id: "v2.0",
  status: "SUPPORTED",
  version: "",
  min_version: "",
  updated: "2011-01-21T11:33:21Z",
  links: [{ rel: "self", href: `${baseUrl}/v2/` }],
});

const v21 = (baseUrl: string, range: { min: string; max: string }) => ({
  id: "v2.1",
  status: "CURRENT",
  version: range.max,
  min_version: range.min,
  updated: "2013-07-23T11:33:21Z",
  links: [{ rel: "self", href: `${baseUrl}/v2.1/` }],
});

/** GET / */
export const versionList = (baseUrl: string, range: { min: string; max: string }) => ({
  versions: [v20(baseUrl), v21(baseUrl, range)],
});

/** GET /v2/ and /v2.1/ */
export function versionDocument(id: "v2.0" | "v2.1", baseUrl: string, range: { min: string; max: string }) {
  const version = id === "v2.0" ? v20(baseUrl) : v21(baseUrl, range);
  return {
    version: {
      ...version,
      links: [...version.links, HTML],
      "media-types": mediaTypes(id === "v2.0" ? "2" : "2.1"),
    },
  };
}
