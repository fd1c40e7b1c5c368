import { isoSeconds } from "../../../kernel/time/clock.ts";

interface Config {
  readonly id: string;
  readonly name: string | null;
  readonly config_group: string | null;
  readonly config: unknown;
  readonly inputs: unknown;
  readonly outputs: unknown;
  readonly options: unknown;
  readonly created_at: number;
}

export const toldSummary = ({ id, name, config_group, created_at }: Config) => ({
  id,
  name,
  group: config_group,
  creation_time: isoSeconds(created_at),
});

/** A config as the API and the metadata of servers tell of it. */
export function toldConfig(row: Config) {
  const { config, inputs, outputs, options } = row;
  return { ...toldSummary(row), config: config ?? null, inputs, outputs, options };
}
