import { existsSync } from "node:fs";
import { join } from "node:path";
import { internalContext, type RequestContext } from "../../kernel/auth/context.ts";
import { messageOf } from "../../kernel/errors.ts";
import type { Kernel } from "../../kernel/module.ts";
import type {} from "../identity/facade.ts";
import type { Retriever } from "./download/retrieve.ts";
import type { ImageFacade } from "./facade.ts";
import type { Managers } from "./manager/index.ts";
import { seedUrls } from "./seed-urls.ts";
import { STANDARD_NAMESPACES } from "./standard-metadefs/index.ts";

const REQUEST = "req-00000000-0000-0000-0000-000000000000";
const WARNING = "default-image-missing";

export interface SeedDeps {
  kernel: Kernel;
  facade: ImageFacade;
  retriever: Retriever;
}

/** The standard vocabularies, in a cloud that has none yet: what an administrator takes away stays away. */
export function seedMetadefs({ metadefs, core }: Pick<Managers, "metadefs" | "core">): void {
  if (!core.metadefs.isEmpty()) return;
  core.kernel.db.transaction(() => {
    for (const { associations, objects, properties, tags, ...namespace } of STANDARD_NAMESPACES) {
      metadefs.create(
        // glance's own loader says so of each.
        { ...namespace, visibility: "public", owner: "admin" },
        {
          associations: associations ?? [],
          objects: objects ?? [],
          properties: properties ?? {},
          tags: tags ?? [],
        },
      );
    }
  });
}

/** What DevStack leaves in glance: the built-in guest under the name tutorials expect, then IMAGE_URLS. Idempotent, by name. */
export async function seedImages({ kernel, facade, retriever }: SeedDeps): Promise<void> {
  const { settings, warnings } = kernel;
  const owner = adminProject(kernel);
  const context = internalContext(REQUEST, owner);
  const path = builtInImage();
  if (!settings.image.downloadDefaultImages || hasDefault(kernel, facade, context)) {
    warnings.resolve(WARNING);
  } else if (path === null) {
    warnings.raise(
      WARNING,
      "There is no built-in guest image, so none was loaded.",
      "Run images/build.sh and stack again, or: openstack image create --disk-format qcow2 --file FILE --public NAME",
    );
  } else {
    await seedDefault(kernel, facade, context, path);
  }
  await seedUrls({ kernel, facade, retriever, context });
}

/** A cloud that has it needs no file of it any more. */
function hasDefault(kernel: Kernel, facade: ImageFacade, context: RequestContext): boolean {
  const name = kernel.settings.image.defaultName;
  return facade.list(context, { name, visibility: "public" }).some(({ status }) => status === "active");
}

async function seedDefault(kernel: Kernel, facade: ImageFacade, context: RequestContext, path: string): Promise<void> {
  const name = kernel.settings.image.defaultName;
  try {
    await facade.createFromFile(
      context,
      {
        name,
        diskFormat: "qcow2",
        containerFormat: "bare",
        visibility: "public",
        // What DevStack says of its own, and that this one has an agent: images made of its servers are consistent.
        properties: { hw_rng_model: "virtio", hw_qemu_guest_agent: "yes" },
      },
      path,
      { keep: true },
    );
    kernel.warnings.resolve(WARNING);
  } catch (error) {
    kernel.warnings.raise(WARNING, `The built-in guest image could not be loaded: ${messageOf(error)}`, `See ${path}.`);
  }
}

/** Null in a cloud without an identity service (tests), where nobody owns it. */
function adminProject(kernel: Kernel): string | null {
  return kernel.facade("identity").findProject?.("admin")?.id ?? null;
}

/** What images/build.sh leaves for machines of this kind: $TENREC_CACHE/images, /var/cache/tenrec when that is not set. */
function builtInImage(): string | null {
  const architecture = process.arch === "arm64" ? "aarch64" : "x86_64";
  const path = join(process.env.TENREC_CACHE ?? "/var/cache/tenrec", "images", `tenrec-guest-${architecture}.qcow2`);
  return existsSync(path) ? path : null;
}
