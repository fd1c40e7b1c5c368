import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useMemo, useState } from "react";
import { Button, Dialog, Heading, Label, Modal, ModalOverlay, ProgressBar } from "react-aria-components";
import { type Operation, send } from "../../api/call.ts";
import { upload } from "../../api/upload.ts";
import { useSession } from "../../app/session.tsx";
import { useText } from "../../app/text.ts";
import { words } from "../../app/words.ts";
import { Equals } from "../../parts/equals.tsx";
import { type Field, Fields, given, problemsOf, text as textOf, type Values } from "../../parts/form.tsx";
import { Problem } from "../../parts/problem.tsx";
import { note } from "../../parts/toast.tsx";
import { imageCall } from "./actions.ts";
import { text } from "./text.ts";

const FORMATS = ["qcow2", "raw", "iso", "vmdk", "vdi", "vhd"];

/** A new image: its record first, then its bytes, from here or from where the cloud fetches them. */
export function CreateImage({ close }: { close(): void }) {
  const t = useText(text);
  const w = useText(words);
  const { isAdmin } = useSession();
  const client = useQueryClient();
  const [values, setValues] = useState<Values>({ from: "file", format: "qcow2", visibility: "private" });
  const [shown, setShown] = useState(false);
  const [percent, setPercent] = useState<number | null>(null);
  const [error, setError] = useState<unknown>(null);
  const fields = useMemo<Field[]>(
    () => [
      { kind: "text", name: "name", label: w("name"), required: true },
      {
        kind: "select",
        name: "from",
        label: t("create.from"),
        required: true,
        options: [
          { id: "file", label: t("create.file") },
          { id: "url", label: t("create.url") },
        ],
      },
      {
        kind: "file",
        name: "file",
        label: t("create.file"),
        as: "file",
        required: true,
        visible: ({ from }) => from === "file",
      },
      {
        kind: "text",
        name: "url",
        label: t("create.url"),
        hint: t("create.url.hint"),
        required: true,
        mono: true,
        placeholder: "https://",
        visible: ({ from }) => from === "url",
      },
      {
        kind: "select",
        name: "format",
        label: t("format"),
        hint: t("create.format.hint"),
        required: true,
        options: FORMATS.map((id) => ({ id, label: id })),
      },
      {
        kind: "select",
        name: "visibility",
        label: t("visibility"),
        required: true,
        options: ["private", "shared", "community", ...(isAdmin ? ["public"] : [])].map((id) => ({ id, label: id })),
      },
      { kind: "number", name: "disk", label: t("create.mindisk"), unit: "GiB", min: 0 },
      { kind: "number", name: "ram", label: t("create.minram"), unit: "MiB", min: 0 },
    ],
    [t, w, isAdmin],
  );
  const problems = problemsOf(fields, values, w("required"));
  const name = textOf(values, "name");
  const record = {
    ...given({ min_disk: values.disk, min_ram: values.ram }),
    name,
    disk_format: textOf(values, "format"),
    container_format: "bare",
    visibility: textOf(values, "visibility"),
  };
  const made = imageCall("POST", "/images", record);
  const imported = (id: string) =>
    imageCall("POST", `/images/${id}/import`, { method: { name: "web-download", uri: textOf(values, "url") } });
  const isFile = textOf(values, "from") === "file";
  const shownOperation: Operation = {
    calls: isFile ? [made] : [made, imported("IMAGE")],
    command: [
      [
        "openstack",
        "image",
        "create",
        "--disk-format",
        record.disk_format,
        `--${record.visibility}`,
        ...(isFile
          ? ["--file", values.file instanceof File ? values.file.name : "FILE"]
          : ["--import", "--web-download", textOf(values, "url") || "URL"]),
        name || "NAME",
      ],
    ],
  };

  async function submit(event: FormEvent) {
    event.preventDefault();
    setShown(true);
    if (Object.keys(problems).length > 0 || percent !== null) return;
    setError(null);
    setPercent(0);
    let id: string | null = null;
    try {
      id = (await send<{ id: string }>(made)).id;
      if (values.file instanceof File && isFile) await upload(`image/v2/images/${id}/file`, values.file, setPercent);
      else await send(imported(id));
      note({ tone: "good", title: t(isFile ? "create.done" : "create.fetching", { name }) });
      void client.invalidateQueries({ queryKey: ["image.image"] });
      close();
    } catch (problem) {
      // What has no bytes is of no use to anybody.
      if (id !== null) await send(imageCall("DELETE", `/images/${id}`)).catch(() => {});
      setError(problem);
      setPercent(null);
    }
  }

  return (
    <ModalOverlay className="overlay" isOpen onOpenChange={(open) => !open && close()} isDismissable={percent === null}>
      <Modal className="modal">
        <Dialog className="dialog">
          <form onSubmit={submit} noValidate>
            <Heading slot="title">{t("create")}</Heading>
            <Fields
              fields={fields}
              values={values}
              problems={shown ? problems : {}}
              onChange={(key, value) => setValues({ ...values, [key]: value })}
            />
            {error !== null && <Problem error={error} title={w("error.title", { what: t("create.failed") })} />}
            {percent !== null && isFile && (
              <ProgressBar value={percent} className="meter">
                {({ valueText }) => (
                  <>
                    <Label>{t("create.progress", { name })}</Label>
                    <span className="meter-value">{valueText}</span>
                    <span className="meter-bar">
                      <i style={{ width: `${percent}%` }} />
                    </span>
                  </>
                )}
              </ProgressBar>
            )}
            <Equals operation={shownOperation} />
            <div className="dialog-actions">
              <Button className="button" onPress={close} isDisabled={percent !== null}>
                {w("cancel")}
              </Button>
              <Button type="submit" className="button primary" isDisabled={percent !== null}>
                {w("create")}
              </Button>
            </div>
          </form>
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}
