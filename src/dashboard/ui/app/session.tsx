import { useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useState } from "react";
import { ApiProblem, own, setCloud, whenSessionEnds } from "../api/call.ts";

interface Named {
  readonly id: string;
  readonly name: string;
}

interface Described {
  readonly token: {
    readonly user: Named & { readonly domain: Named };
    readonly project?: Named & { readonly domain: Named };
    readonly domain?: Named;
    readonly system?: { readonly all: true };
    readonly roles?: readonly Named[];
    readonly expires_at: string;
    readonly catalog?: readonly {
      readonly type: string;
      readonly endpoints: readonly { readonly region: string; readonly url: string; readonly interface: string }[];
    }[];
  };
  readonly projects: readonly (Named & { readonly enabled: boolean; readonly domain_id: string })[];
  readonly domains: readonly Named[];
  readonly system: boolean;
  readonly region: string;
  readonly services: Readonly<Record<string, string>>;
}

export interface Session {
  readonly user: Named & { readonly domain: Named };
  readonly project: (Named & { readonly domain: Named }) | null;
  readonly domain: Named | null;
  readonly isSystem: boolean;
  readonly roles: ReadonlySet<string>;
  readonly isAdmin: boolean;
  readonly projects: Described["projects"];
  readonly domains: readonly Named[];
  readonly maySystem: boolean;
  readonly services: ReadonlySet<string>;
  readonly region: string;
  /** When it ends at the latest: ISO 8601. */
  readonly expiresAt: string;
  readonly catalog: NonNullable<Described["token"]["catalog"]>;
}

export type Scope = { readonly project: string } | { readonly domain: string } | { readonly system: true };

export type LogIn =
  | { readonly user: string; readonly password: string; readonly domain: string }
  | { readonly applicationCredential: { readonly id: string; readonly secret: string } };

interface SessionValue {
  /** Null: nobody is logged in; undefined: that is being asked. */
  readonly session: Session | null | undefined;
  logIn(credentials: LogIn): Promise<void>;
  logOut(): Promise<void>;
  changeScope(scope: Scope): Promise<void>;
}

const LAST_PROJECT = "tenrec.project";

function sessionOf({ token, ...rest }: Described): Session {
  const roles = new Set((token.roles ?? []).map(({ name }) => name));
  return {
    user: token.user,
    project: token.project ?? null,
    domain: token.domain ?? null,
    isSystem: token.system !== undefined,
    roles,
    isAdmin: roles.has("admin"),
    projects: rest.projects.filter(({ enabled }) => enabled),
    domains: rest.domains,
    maySystem: rest.system,
    services: new Set(Object.keys(rest.services)),
    region: rest.region,
    expiresAt: token.expires_at,
    catalog: token.catalog ?? [],
  };
}

const SessionContext = createContext<SessionValue | null>(null);

export function SessionProvider({ children }: { children: ReactNode }) {
  const client = useQueryClient();
  const [session, setSession] = useState<Session | null | undefined>(undefined);
  const take = useCallback(
    (described: Described | null) => {
      // Nothing of what another token saw may be shown.
      client.clear();
      const next = described === null ? null : sessionOf(described);
      setCloud(next?.project?.id ?? null, described?.services ?? {});
      if (next?.project != null) localStorage.setItem(LAST_PROJECT, next.project.id);
      setSession(next);
    },
    [client],
  );

  useEffect(() => {
    whenSessionEnds(() => take(null));
    own<Described | null>("GET", "session").then(take, (error: unknown) => {
      if (error instanceof ApiProblem && error.status !== 401) setTimeout(() => location.reload(), 2_000);
      else take(null);
    });
  }, [take]);

  const value = useMemo<SessionValue>(
    () => ({
      session,
      logIn: async (credentials) => {
        const project = localStorage.getItem(LAST_PROJECT);
        take(await own<Described>("POST", "session", { ...credentials, ...(project === null ? {} : { project }) }));
      },
      logOut: async () => {
        await own("DELETE", "session");
        take(null);
      },
      changeScope: async (scope) => take(await own<Described>("PUT", "session/scope", scope)),
    }),
    [session, take],
  );
  return <SessionContext value={value}>{children}</SessionContext>;
}

export function useSessionValue(): SessionValue {
  const value = useContext(SessionContext);
  if (value === null) throw new Error("no session is provided here");
  return value;
}

/** The session of pages that are shown to people who are logged in only. */
export function useSession(): Session {
  const { session } = useSessionValue();
  if (session == null) throw new Error("nobody is logged in");
  return session;
}
