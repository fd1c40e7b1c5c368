/** Where things are: names may be of any letters. */

export interface Place {
  /** "http://10.0.0.5/heat-api" */
  readonly baseUrl: string;
}

type StackPlace = { readonly project_id: string; readonly name: string; readonly id: string | null };

const quoted = (text: string): string => encodeURIComponent(text).replaceAll("%3A", ":");

export const stackUrl = ({ baseUrl }: Place, { project_id, name, id }: StackPlace): string =>
  `${baseUrl}/v1/${project_id}/stacks/${quoted(name)}/${id ?? "None"}`;

export const resourceUrl = (place: Place, stack: StackPlace, resource: string): string =>
  `${stackUrl(place, stack)}/resources/${quoted(resource)}`;

export const link = (href: string, rel = "self") => ({ href, rel });
