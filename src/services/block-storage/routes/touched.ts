import { ofProject, type Touched } from "../../../kernel/http/route.ts";
import type { VolumeManager } from "../manager/volumes.ts";
import type { Volume } from "../store/volumes.ts";

/** What records of this API touch, where several files of them touch the same. */

export const volumeOf = (volumes: VolumeManager): Touched<Volume> =>
  ofProject("volume", ({ context, param }) => volumes.get(context, param("volume_id")));
