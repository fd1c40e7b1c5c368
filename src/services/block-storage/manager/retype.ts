import type { RequestContext } from "../../../kernel/auth/context.ts";
import type { OperationHandle } from "../../../kernel/operations/operations.ts";
import { invalidInput, invalidVolume, quotaExceeded, typeNotFoundByName } from "../errors.ts";
import { isAllowed } from "../states.ts";
import type { Core } from "./core.ts";
import { checkTypeSize, isMultiattach, type TypeManager } from "./types.ts";
import { finish, type VolumeInput } from "./work.ts";

interface RetypeInput extends VolumeInput {
  typeId: string;
}

/** A volume's change of type (os-retype). It stays where it is: where only another backend could serve the type, nothing changes. */
export class Retyper {
  readonly #core: Core;
  readonly #types: TypeManager;
  readonly #retype: OperationHandle<RetypeInput>;

  constructor(core: Core, types: TypeManager) {
    this.#core = core;
    this.#types = types;
    this.#retype = core.kernel.operations.define<RetypeInput>({
      kind: "block-storage.volume.retype",
      steps: [
        {
          name: "ask whether the backend serves the type",
          do: async ({ input }) => {
            const volume = core.volumes.get(input.volumeId);
            if (volume === undefined) return;
            const extraSpecs = core.types.get(input.typeId)?.extra_specs ?? {};
            await core.scheduler.check(volume.host, { extraSpecs, sizeGb: volume.size_gb, existsOn: volume.host });
          },
        },
      ],
      onDone({ input }) {
        const type = core.types.get(input.typeId);
        if (type === undefined) throw typeNotFoundByName(input.typeId);
        finish(core, input.volumeId, { type_id: type.id, multiattach: isMultiattach(type) });
      },
      onFailed: ({ input }) => finish(core, input.volumeId, {}),
    });
  }

  /** Errors: 400, 404 (volume, type), 413. */
  start(context: RequestContext, id: string, newType: string): void {
    const core = this.#core;
    core.kernel.db.transaction(() => {
      const volume = core.volume(context, id);
      const type = this.#types.byNameOrId(context, newType);
      checkTypeSize(type, volume.size_gb);
      if (isMultiattach(type) !== volume.multiattach && volume.status !== "available") {
        throw invalidInput(
          "Invalid volume_type passed, retypes affecting multiattach are only allowed on available volumes, " +
            `the specified volume however currently has a status of: ${volume.status}.`,
        );
      }
      if (!isAllowed("retype", volume.status) || type.id === volume.type_id) {
        throw invalidVolume(
          "Retype needs volume to be in available or in-use state, not be part of an active migration or a consistency group, " +
            "requested type has to be different that the one from the volume, and for in-use volumes front-end qos specs cannot change.",
        );
      }
      const added = { [`volumes_${type.name}`]: 1, [`gigabytes_${type.name}`]: volume.size_gb };
      const [exceeded] = core.quotas().check(volume.project_id, added);
      if (exceeded !== undefined) throw quotaExceeded(exceeded);
      core.setVolume(id, { status: "retyping", previous_status: volume.status });
      const input = { volumeId: id, typeId: type.id };
      this.#retype.start({ resource: `volume:${id}`, input, requestId: context.requestId });
    });
  }
}
