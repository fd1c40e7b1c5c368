import { useCallback } from "react";
import type { Assignment } from "../../api/identity.ts";
import { useText } from "../../app/text.ts";
import { text } from "./text.ts";

/** Where a role is had, for people. */
export function useScopeName(): (scope: Assignment["scope"]) => string {
  const t = useText(text);
  return useCallback(
    ({ project, domain, ...rest }) => {
      const within = rest["OS-INHERIT:inherited_to"] === undefined ? "" : ` (${t("inherited")})`;
      if (project !== undefined) return t("scope.project", { name: project.name }) + within;
      if (domain !== undefined) return t("scope.domain", { name: domain.name }) + within;
      return t("scope.system");
    },
    [t],
  );
}

/** The path of a scope, and the options of the command line for it. */
export function placeOf({ project, domain, ...rest }: Assignment["scope"]): { path: string; options: string[] } {
  const place =
    project !== undefined
      ? { path: `/projects/${project.id}`, options: ["--project", project.id] }
      : domain !== undefined
        ? { path: `/domains/${domain.id}`, options: ["--domain", domain.id] }
        : { path: "/system", options: ["--system", "all"] };
  if (rest["OS-INHERIT:inherited_to"] === undefined) return place;
  return { path: `/OS-INHERIT${place.path}`, options: [...place.options, "--inherited"] };
}
