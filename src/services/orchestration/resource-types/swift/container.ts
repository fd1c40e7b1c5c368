import { nameOf } from "../asking.ts";
import { type Made, ResourceError, type ResourceType, type Values } from "../types.ts";
import { deleteThing, headContainer, objectsOf, postAccount, putContainer } from "./account.ts";

const metadata = (kind: "Container" | "Account", values: unknown): Record<string, string> =>
  Object.fromEntries(
    Object.entries((values ?? {}) as Values).map(([key, value]) => [
      `x-${kind.toLowerCase()}-meta-${key}`,
      String(value),
    ]),
  );

const attribute = (type: "string" | "integer" | "map", description: string) => ({ type, description }) as const;

export const swiftContainer: ResourceType = {
  name: "OS::Swift::Container",
  service: { name: "object-store", client: "swift" },
  className: "SwiftContainer",
  description: "A container of objects.",
  properties: {
    name: { type: "string", description: "Its name." },
    "X-Container-Read": { type: "string", description: "Who may read in it." },
    "X-Container-Write": { type: "string", description: "Who may write in it." },
    "X-Container-Meta": { type: "map", default: {}, description: "Notes about it." },
    "X-Account-Meta": { type: "map", default: {}, description: "Notes about its account." },
    PurgeOnDelete: { type: "boolean", default: false, description: "Whether its objects go with it." },
  },
  attributes: {
    DomainName: attribute("string", "The host of its URL."),
    WebsiteURL: attribute("string", "Its URL."),
    RootURL: attribute("string", "The URL of its account."),
    ObjectCount: attribute("integer", "How many objects are in it."),
    BytesUsed: attribute("integer", "How long they are together."),
    HeadContainer: attribute("map", "All its headers."),
  },
  async create(run) {
    const p = run.properties;
    const name = run.physicalId ?? nameOf(run);
    const access = Object.fromEntries(
      ["X-Container-Read", "X-Container-Write"].flatMap((key) =>
        typeof p[key] === "string" ? [[key.toLowerCase(), String(p[key])]] : [],
      ),
    );
    await putContainer(run, name, { ...metadata("Container", p["X-Container-Meta"]), ...access });
    await postAccount(run, metadata("Account", p["X-Account-Meta"]));
    run.setPhysicalId(name);
  },
  async delete(run) {
    const { physicalId, properties } = run;
    if (physicalId === null || properties.PurgeOnDelete === true) return;
    if (((await objectsOf(run, physicalId)) ?? []).length > 0) {
      const action = `Deleting non-empty container (${physicalId}) when PurgeOnDelete is False`;
      throw new ResourceError("ResourceActionNotSupported", `${action} is not supported for resource.`);
    }
  },
  async isDeleted(run) {
    const { physicalId } = run;
    if (physicalId === null) return true;
    const objects = await objectsOf(run, physicalId);
    for (const object of objects ?? []) await deleteThing(run, physicalId, object);
    // There may be more than one page of them.
    if ((objects ?? []).length > 0) return false;
    if (objects !== null) await deleteThing(run, physicalId);
    return true;
  },
  async check(run) {
    if ((await headContainer(run, run.physicalId ?? "")) === null) throw new Error("Container not found");
  },
  reference: ({ physicalId, name }) => physicalId ?? name,
  show: (made) => headContainer(made, made.physicalId ?? ""),
  async attribute(made, name) {
    const root = urlOf(made);
    if (name === "DomainName") return root.hostname;
    if (name === "RootURL") return root.href;
    if (name === "WebsiteURL") return `${root.href}/${made.physicalId}`;
    const headers = made.physicalId === null ? null : await headContainer(made, made.physicalId);
    if (name === "HeadContainer") return headers;
    return headers?.[name === "ObjectCount" ? "x-container-object-count" : "x-container-bytes-used"] ?? null;
  },
};

/** Of the project's account. */
export const urlOf = ({ baseUrl, stack }: Made): URL => new URL(`${baseUrl}/object-store/v1/AUTH_${stack.projectId}`);
