import { KeyRound, Trash2 } from "lucide-react";
import { useMemo } from "react";
import { Button } from "react-aria-components";
import { operation } from "../../api/call.ts";
import { compute, type Keypair, keypairs } from "../../api/compute.ts";
import { useList } from "../../api/resource.ts";
import { useText } from "../../app/text.ts";
import { words } from "../../app/words.ts";
import { type Action, ActionButton } from "../../parts/action.tsx";
import { saveText } from "../../parts/download.ts";
import { Snippet } from "../../parts/equals.tsx";
import { text as textOf } from "../../parts/form.tsx";
import { ListPage } from "../../parts/list-page.tsx";
import type { Column } from "../../parts/table.tsx";
import { text } from "./text.ts";

interface Listed {
  readonly keypair: Keypair;
}

const nameOf = ({ keypair }: Listed) => keypair.name;

/** The user's own keys: they belong to people, not to projects. */
export default function Keypairs() {
  const t = useText(text);
  const w = useText(words);
  const list = useList(keypairs);
  const [create, read] = useMaking();
  const columns = useMemo<Column<Listed>[]>(
    () => [
      { id: "name", header: w("name"), value: nameOf },
      { id: "type", header: t("type"), value: ({ keypair }) => keypair.type, priority: 1 },
      {
        id: "fingerprint",
        header: t("fingerprint"),
        value: ({ keypair }) => keypair.fingerprint,
        cell: ({ keypair }) => <code>{keypair.fingerprint}</code>,
        grow: 4,
      },
    ],
    [t, w],
  );
  const actions = useMemo<Action<Listed>[]>(
    () => [
      {
        id: "delete",
        label: t("delete"),
        icon: Trash2,
        tone: "danger",
        question: () => t("delete.question"),
        operation: ({ keypair: { name } }) =>
          operation(
            ["openstack", "keypair", "delete", name],
            compute("DELETE", `/os-keypairs/${encodeURIComponent(name)}`),
          ),
        done: t("delete.done"),
        kinds: ["compute.keypair"],
      },
    ],
    [t],
  );
  const buttons = (
    <>
      <ActionButton action={read} primary={false} />
      <ActionButton action={create} />
    </>
  );
  return (
    <ListPage
      id="keypairs"
      title={t("title")}
      list={list}
      columns={columns}
      idOf={nameOf}
      nameOf={nameOf}
      actions={actions}
      create={buttons}
      empty={{ title: t("empty.title"), hint: t("empty.hint"), icon: KeyRound }}
    />
  );
}

function useMaking(): [create: Action<null>, read: Action<null>] {
  const t = useText(text);
  return useMemo(() => {
    const name = {
      kind: "text" as const,
      name: "name",
      label: t("create.name"),
      hint: t("create.name.hint"),
      required: true,
    };
    return [
      {
        id: "create",
        label: t("create"),
        fields: () => [name],
        operation: (_none, values) =>
          operation(
            [
              "openstack",
              "keypair",
              "create",
              "--private-key",
              `${textOf(values, "name")}.pem`,
              textOf(values, "name"),
            ],
            {
              ...compute("POST", "/os-keypairs", { keypair: { name: textOf(values, "name"), type: "ssh" } }),
              // From 2.92 on nova makes no keys. Browsers do, but only where a page came with TLS.
              headers: { "openstack-api-version": "compute 2.91" },
            },
          ),
        done: t("create.done"),
        kinds: ["compute.keypair"],
        result: ([body]) => <PrivateKey body={body} />,
      },
      {
        id: "import",
        label: t("import"),
        fields: () => [
          name,
          {
            kind: "area",
            name: "key",
            label: t("import.key"),
            hint: t("import.hint"),
            required: true,
            mono: true,
            rows: 5,
          },
        ],
        operation: (_none, values) =>
          operation(
            ["openstack", "keypair", "create", "--public-key", "id_ed25519.pub", textOf(values, "name")],
            compute("POST", "/os-keypairs", {
              keypair: { name: textOf(values, "name"), public_key: textOf(values, "key").trim() },
            }),
          ),
        done: t("create.done"),
        kinds: ["compute.keypair"],
      },
    ];
  }, [t]);
}

function PrivateKey({ body }: { body: unknown }) {
  const t = useText(text);
  const { keypair } = body as { keypair: { name: string; private_key: string } };
  const file = `${keypair.name}.pem`;
  return (
    <div className="stack">
      <h3>{t("private.title")}</h3>
      <p>{t("private.hint")}</p>
      <Snippet text={keypair.private_key} />
      <Button className="button" onPress={() => saveText(file, keypair.private_key)}>
        {t("private.save", { file })}
      </Button>
    </div>
  );
}
