/** A server within a period, as nova counts it. Times are ISO 8601 without a zone, in UTC. */
export interface ServerUsage {
  readonly instance_id: string;
  readonly name: string;
  readonly started_at: string;
  /** Null: it is still there. */
  readonly ended_at: string | null;
  readonly vcpus: number;
  readonly memory_mb: number;
  readonly local_gb: number;
  readonly hours: number;
}

export interface ProjectUsage {
  readonly project: string;
  readonly servers: readonly ServerUsage[];
}
