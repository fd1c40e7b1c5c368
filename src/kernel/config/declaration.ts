import type { Facades, ServiceEndpoint } from "../module.ts";
import type { Given, Resolver } from "./resolve.ts";
import type { PortSettings, Settings, Transport } from "./settings.ts";
import type { ValueType } from "./types.ts";
import type { AnyVariable } from "./variable.ts";
import type { VariableName } from "./variables.ts";

/** The name of a service: of its folder, and of its facade. */
export type ServiceName = keyof Facades & string;

/** A known INI option: either another way to set a variable, or a setting of its own. */
export type IniOption<T> =
  | { readonly variable: string }
  | { readonly type: ValueType<T>; readonly default: string; readonly meaning: string };

/** A setting of its own. */
export const own = <T>(type: ValueType<T>, value: string | number, meaning: string) => ({
  type,
  default: String(value),
  meaning,
});
/** Another way to set that variable. */
export const same = (variable: string) => ({ variable });

/** The configuration files of the real service, whose options may stand under `[[post-config|FILE]]`. */
export interface ConfigurationFiles {
  /** Whose options they are: "nova". The resolver knows an option as `nova/section/option`. */
  readonly name: string;
  /** What the reference calls the file: "$NOVA_CONF". */
  readonly variable: string;
  /** DevStack's variables and file names of them. */
  readonly targets: readonly RegExp[];
  /** By `section/option`. */
  readonly options: Readonly<Record<string, IniOption<unknown>>>;
  /** Where options stood in old releases → where they stand today, both `section/option`. */
  readonly former?: Readonly<Record<string, string>>;
}

/** A port of `settings.ports` that the service listens on. */
export interface PortDeclaration {
  /** The variable that sets it. */
  readonly variable: VariableName;
  /** For people: "identity", "VNC consoles". */
  readonly what: string;
  /** What it means that somebody else has it. */
  readonly ifTaken: string;
  /** Left out by CLASSIC_PORTS=False; the others are opened all the same. */
  readonly classic: boolean;
  /** Absent: TCP. Name servers answer over both. */
  readonly transports?: readonly Transport[];
  /** Absent: open wherever the service is. */
  isOpen?(settings: Settings): boolean;
}

/** What a service understands of local.conf, and what it makes of it. */
export interface SettingsDeclaration {
  /** Headings of the reference with the variables below them; each name belongs to one service. */
  readonly groups: readonly { readonly title: string; readonly variables: Readonly<Record<string, AnyVariable>> }[];
  readonly files?: ConfigurationFiles;
  /** By their names in `settings.ports`. */
  readonly ports?: Readonly<Partial<Record<keyof PortSettings, PortDeclaration>>>;
  /** Variables of directories for things that grow, beside DATA_DIR. */
  readonly directories?: readonly VariableName[];
  /** The variable that switches readers and scoped tokens on for this service alone. */
  readonly newDefaults?: VariableName;
  /** Derives what a default cannot: it depends on whether other variables were given. */
  prepare?(given: Map<string, Given>): void;
  /** The part of Settings that is the service's. `path` makes a path absolute. */
  build(r: Resolver, path: (text: string) => string): Partial<Settings>;
  /** Checks values against each other; a value that is wrong by itself is reported already and takes no part. */
  check?(settings: Settings, r: Resolver): void;
}

/** By which names of `enable_service` and `disable_service` DevStack knows the service and its parts. */
export interface DevStackNames {
  /** The project, which stands for all members: "nova". */
  readonly project: string;
  /** The service is there while one of these is enabled: its API, today's name first. */
  readonly api: readonly string[];
  /** What the project's name enables; on by default. */
  readonly members: readonly string[];
  /** What names of the project begin with: "n-". Absent: it has no others than the members. */
  readonly prefix?: string;
  /** Members that can be left out where the service is there. The others are one with it. */
  readonly parts?: readonly string[];
  /** Members whose absence nobody notices. */
  readonly inner?: readonly string[];
  /** Names of other times and back-ends that are understood. */
  readonly others?: readonly string[];
  /** What is to be said of some of them. */
  readonly notes?: Readonly<Record<string, string>>;
  /** Other words for a member, or for the project. */
  readonly synonyms?: Readonly<Record<string, string>>;
  /** A member → parts that it held when older lists were written: they come with it unless they are switched off. */
  readonly holds?: Readonly<Record<string, readonly string[]>>;
}

/** An account of a service: the role `service` on the service project, and these. */
export interface ServiceAccount {
  readonly name: string;
  readonly roles?: readonly string[];
}

/**
 * What is to be known of a service without running it: the command line, the reference of local.conf and README are made from it.
 * Its code is loaded only where it is part of the cloud.
 */
export interface ServiceDeclaration<Name extends ServiceName = ServiceName> {
  readonly name: Name;
  readonly endpoint: ServiceEndpoint;
  /** Absent: it is always there. */
  readonly devstack?: DevStackNames;
  /** Services without which it cannot be; they are started first. */
  readonly needs: readonly ServiceName[];
  /** Services that it uses where they are there; they are started first, too. */
  readonly uses?: readonly ServiceName[];
  /** Names of the accounts that stack makes: people with ADMIN_PASSWORD, and the service's own with SERVICE_PASSWORD. */
  readonly accounts?: { readonly people?: readonly string[]; readonly service?: readonly ServiceAccount[] };
  readonly settings?: SettingsDeclaration;
  /** Its row in README's table. */
  readonly readme: { readonly works: string; readonly missing: string };
}

export function declareService<const Name extends ServiceName>(
  declaration: ServiceDeclaration<Name>,
): ServiceDeclaration<Name> {
  return declaration;
}
