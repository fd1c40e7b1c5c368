import { KeySquare, Trash2 } from "lucide-react";
import { useMemo } from "react";
import { Button } from "react-aria-components";
import { type Call, operation } from "../../api/call.ts";
import { type Resource, useList } from "../../api/resource.ts";
import { useSession } from "../../app/session.tsx";
import { useText } from "../../app/text.ts";
import { words } from "../../app/words.ts";
import { type Action, ActionButton } from "../../parts/action.tsx";
import { Code } from "../../parts/copy.tsx";
import { saveText } from "../../parts/download.ts";
import { Empty } from "../../parts/empty.tsx";
import { Snippet } from "../../parts/equals.tsx";
import { given, text as textOf } from "../../parts/form.tsx";
import { Card, Facts, PageHead, PageTabs } from "../../parts/page.tsx";
import { type Column, ResourceTable } from "../../parts/table.tsx";
import { cloudsText, openrcText } from "./files.ts";
import { text } from "./text.ts";

/** How programs get in: files for clients, credentials of their own, and where the services are. */
export default function Access() {
  const t = useText(text);
  return (
    <>
      <PageHead title={t("title")} />
      <PageTabs
        label={t("title")}
        tabs={[
          { id: "files", label: t("tab.files"), content: () => <Files /> },
          { id: "credentials", label: t("tab.credentials"), content: () => <Credentials /> },
          { id: "services", label: t("tab.services"), content: () => <Endpoints /> },
        ]}
      />
    </>
  );
}

function Files() {
  const t = useText(text);
  const session = useSession();
  const files = [
    {
      name: `${session.project?.name ?? "tenrec"}-openrc.sh`,
      title: "openrc",
      hint: t("openrc.hint"),
      content: openrcText(session),
    },
    { name: "clouds.yaml", title: "clouds.yaml", hint: t("clouds.hint"), content: cloudsText(session) },
  ];
  return (
    <div className="cards">
      {files.map(({ name, title, hint, content }) => (
        <Card
          key={name}
          title={title}
          aside={
            <Button className="button small" onPress={() => saveText(name, content)}>
              {t("save", { file: name })}
            </Button>
          }
        >
          <p className="dim card-hint">{hint}</p>
          <Snippet text={content} />
        </Card>
      ))}
    </div>
  );
}

function Endpoints() {
  const t = useText(text);
  const { catalog } = useSession();
  const rows = catalog.flatMap(({ type, endpoints }) =>
    endpoints.filter((one) => one.interface === "public").map(({ region, url }) => ({ type, region, url })),
  );
  return (
    <Card title={t("tab.services")}>
      <div className="scrolls">
        <table className="plain-table">
          <thead>
            <tr>
              <th scope="col">{t("service")}</th>
              <th scope="col">{t("url")}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ type, region, url }) => (
              <tr key={`${type} ${region} ${url}`}>
                <td>{type}</td>
                <td>
                  <Code>{url}</Code>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Card>
  );
}

interface Credential {
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  readonly expires_at: string | null;
  readonly project_id: string;
}

const idOf = ({ id }: Credential): string => id;
const nameOf = ({ name }: Credential): string => name;

function Credentials() {
  const t = useText(text);
  const w = useText(words);
  const { user } = useSession();
  const path = `/v3/users/${user.id}/application_credentials`;
  const resource = useMemo<Resource<Credential>>(
    () => ({
      kind: "identity.application-credential",
      list: { service: "identity", path },
      plural: "application_credentials",
      singular: "application_credential",
      path,
      idOf,
      paged: false,
    }),
    [path],
  );
  const { data, error, refetch } = useList(resource);
  const columns = useMemo<Column<Credential>[]>(
    () => [
      { id: "name", header: w("name"), value: nameOf },
      { id: "description", header: w("description"), value: ({ description }) => description, grow: 3, priority: 1 },
      {
        id: "expires",
        header: t("expires"),
        value: ({ expires_at }) => expires_at?.slice(0, 10) ?? t("never"),
        grow: 2,
      },
      { id: "id", header: w("id"), value: idOf, cell: ({ id }) => <code>{id}</code>, grow: 3, priority: 2 },
    ],
    [t, w],
  );
  const call = (method: Call["method"], more: string, body?: unknown): Call => ({
    service: "identity",
    ...(method === undefined ? {} : { method }),
    path: path + more,
    ...(body === undefined ? {} : { body }),
  });
  const actions: Action<Credential>[] = [
    {
      id: "delete",
      label: t("delete"),
      icon: Trash2,
      tone: "danger",
      question: () => t("delete.question"),
      operation: ({ id }) =>
        operation(["openstack", "application", "credential", "delete", id], call("DELETE", `/${id}`)),
      done: t("delete.done"),
      kinds: ["identity.application-credential"],
    },
  ];
  const create: Action<null> = {
    id: "create",
    label: t("create"),
    fields: () => [
      { kind: "text", name: "name", label: w("name"), required: true },
      { kind: "text", name: "description", label: w("description") },
      {
        kind: "text",
        name: "expires",
        label: t("create.expires"),
        hint: t("create.expires.hint"),
        check: (value) => (/^\d{4}-\d\d-\d\d$/.test(String(value)) ? null : t("create.expires.wrong")),
      },
      { kind: "switch", name: "unrestricted", label: t("create.unrestricted"), hint: t("create.unrestricted.hint") },
    ],
    operation(_none, values) {
      const [name, description, expires] = [
        textOf(values, "name"),
        textOf(values, "description"),
        textOf(values, "expires"),
      ];
      const at = expires === "" ? undefined : `${expires}T00:00:00`;
      const credential = given({
        name,
        description,
        expires_at: at,
        unrestricted: values.unrestricted === true || undefined,
      });
      return operation(
        [
          "openstack",
          "application",
          "credential",
          "create",
          ...(description === "" ? [] : ["--description", description]),
          ...(at === undefined ? [] : ["--expiration", at]),
          ...(values.unrestricted === true ? ["--unrestricted"] : []),
          name || "NAME",
        ],
        call("POST", "", { application_credential: credential }),
      );
    },
    done: t("create.done"),
    kinds: ["identity.application-credential"],
    result: ([body]) => <Secret body={body} />,
  };
  return (
    <ResourceTable
      id="application-credentials"
      label={t("tab.credentials")}
      items={data}
      error={error}
      retry={() => void refetch()}
      columns={columns}
      idOf={idOf}
      nameOf={nameOf}
      actions={actions}
      empty={
        <Empty title={t("credentials.empty")} hint={t("credentials.hint")} icon={KeySquare}>
          <ActionButton action={create} />
        </Empty>
      }
    >
      <ActionButton action={create} />
    </ResourceTable>
  );
}

function Secret({ body }: { body: unknown }) {
  const t = useText(text);
  const w = useText(words);
  const { application_credential: made } = body as { application_credential: { id: string; secret: string } };
  return (
    <div className="stack">
      <h3>{t("secret.title")}</h3>
      <p>{t("secret.hint")}</p>
      <Facts
        facts={[
          [w("id"), <Code key="id">{made.id}</Code>],
          [t("secret.title"), <Code key="secret">{made.secret}</Code>],
        ]}
      />
    </div>
  );
}
