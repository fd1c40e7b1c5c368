import { useQueryClient } from "@tanstack/react-query";
import { Ellipsis, type LucideIcon } from "lucide-react";
import { type FormEvent, type ReactNode, useState } from "react";
import {
  Button,
  Dialog,
  Heading,
  Menu,
  MenuItem,
  MenuTrigger,
  Modal,
  ModalOverlay,
  Popover,
} from "react-aria-components";
import { type ApiProblem, type Call, type Operation, send } from "../api/call.ts";
import { filled, useText } from "../app/text.ts";
import { words } from "../app/words.ts";
import { Equals } from "./equals.tsx";
import { type Field, Fields, problemsOf, type Values } from "./form.tsx";
import { Problem } from "./problem.tsx";
import { note } from "./toast.tsx";

/** Something that can be done to things of a kind. */
export interface Action<Item> {
  readonly id: string;
  readonly label: string;
  readonly icon?: LucideIcon;
  readonly tone?: "danger";
  /** Shown as a button where there is room for some. */
  readonly primary?: boolean;
  /** Whether it fits the thing's state; absent: always. */
  available?(item: Item): boolean;
  /** What is asked before. */
  fields?(items: readonly Item[]): readonly Field[];
  initial?(items: readonly Item[]): Values;
  /** What is asked where nothing is to be filled in; what cannot be undone is never done without. */
  question?(items: readonly Item[]): string;
  operation(item: Item, values: Values): Operation;
  /** What is said when it has been done: "{name} is being deleted". */
  readonly done: string;
  undo?(item: Item, values: Values): Operation | null;
  /** Not for several at once. */
  readonly single?: boolean;
  /** Kinds whose lists are old now; events tell of them, too. */
  readonly kinds?: readonly string[];
  /** What the API answered and is shown once, as a new secret. */
  result?(bodies: readonly unknown[]): ReactNode;
}

async function perform({ calls }: Operation): Promise<unknown[]> {
  const bodies: unknown[] = [];
  for (const call of calls) bodies.push(await send(withAnswers(call, bodies)));
  return bodies;
}

/** "{network.id}" in a call is the id of what an earlier one made. */
function withAnswers(call: Call, bodies: readonly unknown[]): Call {
  if (bodies.length === 0) return call;
  const text = JSON.stringify(call).replaceAll(/\{(\w+)\.id\}/g, (whole, kind: string) => {
    const made = bodies.find((body) => typeof body === "object" && body !== null && kind in body);
    return made === undefined ? whole : ((made as Record<string, { id: string }>)[kind]?.id ?? whole);
  });
  return JSON.parse(text) as Call;
}

interface Started<Item> {
  readonly action: Action<Item>;
  readonly items: readonly Item[];
}

interface Outcome {
  readonly bodies: readonly unknown[];
  readonly failures: readonly { readonly name: string; readonly error: unknown }[];
}

export interface Runner<Item> {
  start(action: Action<Item>, items: readonly Item[]): void;
  /** To be put on the page once. */
  readonly dialog: ReactNode;
}

/** Runs actions on things, asking first where an action says so. */
export function useRunner<Item>(nameOf: (item: Item) => string, onDone?: (action: Action<Item>) => void): Runner<Item> {
  const [started, setStarted] = useState<Started<Item> | null>(null);
  const client = useQueryClient();
  const t = useText(words);

  async function run({ action, items }: Started<Item>, values: Values): Promise<Outcome> {
    const failures: { name: string; error: unknown }[] = [];
    const bodies: unknown[] = [];
    for (const item of items) {
      try {
        bodies.push(...(await perform(action.operation(item, values))));
      } catch (error) {
        failures.push({ name: nameOf(item), error });
      }
    }
    for (const kind of action.kinds ?? []) void client.invalidateQueries({ queryKey: [kind] });
    if (failures.length < items.length) {
      const [only] = items;
      const called = typeof values.name === "string" ? values.name : "";
      const name =
        items.length === 1 && only !== undefined ? nameOf(only) || called : String(items.length - failures.length);
      const undone = items.map((item) => action.undo?.(item, values) ?? null).filter((one) => one !== null);
      note({
        tone: "good",
        title: filled(action.done, { name }),
        ...(undone.length === 0
          ? {}
          : {
              action: {
                label: t("undo"),
                run: () => {
                  Promise.all(undone.map(perform)).then(
                    () => note({ tone: "good", title: t("done.undone") }),
                    (error: ApiProblem) =>
                      note({ tone: "bad", title: t("error.title", { what: t("undo") }), detail: error.message }),
                  );
                },
              },
            }),
      });
      onDone?.(action);
    }
    return { bodies, failures };
  }

  return {
    start(action, items) {
      const asks = action.fields !== undefined || action.question !== undefined || action.tone === "danger";
      if (asks) {
        setStarted({ action, items });
        return;
      }
      void run({ action, items }, action.initial?.(items) ?? {}).then(({ failures }) => {
        for (const { name, error } of failures)
          note({
            tone: "bad",
            title: t("error.title", { what: `${action.label} (${name})` }),
            detail: (error as Error).message,
          });
      });
    },
    dialog:
      started === null ? null : (
        <ActionDialog
          key={started.action.id}
          started={started}
          run={run}
          nameOf={nameOf}
          close={() => setStarted(null)}
        />
      ),
  };
}

interface DialogProps<Item> {
  started: Started<Item>;
  run(started: Started<Item>, values: Values): Promise<Outcome>;
  nameOf(item: Item): string;
  close(): void;
}

function ActionDialog<Item>({ started, run, nameOf, close }: DialogProps<Item>) {
  const { action, items } = started;
  const t = useText(words);
  const fields = action.fields?.(items) ?? [];
  const [values, setValues] = useState<Values>(() => action.initial?.(items) ?? {});
  const [shown, setShown] = useState(false);
  const [busy, setBusy] = useState(false);
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  const problems = problemsOf(fields, values, t("required"));
  const operations = items.slice(0, 20).map((item) => action.operation(item, values));
  const equal: Operation = {
    calls: operations.flatMap(({ calls }) => calls),
    command: operations.flatMap(({ command }) => command),
  };

  async function submit(event: FormEvent) {
    event.preventDefault();
    setShown(true);
    if (Object.keys(problems).length > 0 || busy) return;
    setBusy(true);
    const done = await run(started, values);
    setBusy(false);
    if (done.failures.length === 0 && action.result === undefined) close();
    else setOutcome(done);
  }

  const [only] = items;
  const title =
    items.length === 1 && only !== undefined && nameOf(only) !== ""
      ? `${action.label} · ${nameOf(only)}`
      : items.length > 1
        ? `${action.label} (${items.length})`
        : action.label;
  const finished = outcome !== null && outcome.failures.length === 0;
  return (
    <ModalOverlay className="overlay" isOpen onOpenChange={(open) => !open && close()} isDismissable={!busy}>
      <Modal className="modal">
        <Dialog className="dialog">
          <form onSubmit={submit} noValidate>
            <Heading slot="title">{title}</Heading>
            {finished && action.result !== undefined ? (
              action.result(outcome.bodies)
            ) : (
              <>
                {action.question !== undefined && <p>{action.question(items)}</p>}
                {items.length > 1 && (
                  <ul className="dialog-items">
                    {items.slice(0, 8).map((item) => (
                      <li key={nameOf(item)}>{nameOf(item)}</li>
                    ))}
                    {items.length > 8 && <li className="dim">+ {items.length - 8}</li>}
                  </ul>
                )}
                <Fields
                  fields={fields}
                  values={values}
                  problems={shown ? problems : {}}
                  onChange={(name, value) => setValues({ ...values, [name]: value })}
                />
                {outcome?.failures.map(({ name, error }) => (
                  <Problem key={name} error={error} title={t("error.title", { what: `${action.label} · ${name}` })} />
                ))}
                <Equals operation={equal} />
              </>
            )}
            <div className="dialog-actions">
              {finished ? (
                <Button className="button primary" onPress={close} autoFocus>
                  {t("close")}
                </Button>
              ) : (
                <>
                  <Button className="button" onPress={close} isDisabled={busy}>
                    {t("cancel")}
                  </Button>
                  <Button
                    type="submit"
                    className={action.tone === "danger" ? "button danger" : "button primary"}
                    isDisabled={busy}
                    autoFocus={fields.length === 0}
                  >
                    {busy ? t("waiting", { what: action.label }) : action.label}
                  </Button>
                </>
              )}
            </div>
          </form>
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}

/** All that can be done to one thing in its present state. */
export function ActionMenu<Item>({
  actions,
  item,
  name,
  runner,
}: {
  actions: readonly Action<Item>[];
  item: Item;
  name: string;
  runner: Runner<Item>;
}) {
  const t = useText(words);
  const fitting = actions.filter((action) => action.available?.(item) !== false);
  return (
    <MenuTrigger>
      <Button className="button quiet icon" aria-label={t("actions.of", { name })} isDisabled={fitting.length === 0}>
        <Ellipsis size={16} aria-hidden="true" />
      </Button>
      <Popover className="popover" placement="bottom end">
        <Menu
          className="menu"
          aria-label={t("actions.of", { name })}
          onAction={(key) => {
            const action = fitting.find(({ id }) => id === key);
            if (action !== undefined) runner.start(action, [item]);
          }}
        >
          {fitting.map(({ id, label, icon: Icon, tone }) => (
            <MenuItem
              key={id}
              id={id}
              textValue={label}
              className={tone === "danger" ? "menu-item danger" : "menu-item"}
            >
              {Icon !== undefined && <Icon size={14} aria-hidden="true" />}
              {label}
            </MenuItem>
          ))}
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}

/** The main ones as buttons, the others behind a menu: for the page of one thing. */
export function ActionBar<Item>({
  actions,
  item,
  name,
  runner,
}: {
  actions: readonly Action<Item>[];
  item: Item;
  name: string;
  runner: Runner<Item>;
}) {
  const fitting = actions.filter((action) => action.available?.(item) !== false);
  return (
    <div className="action-bar">
      {fitting
        .filter(({ primary }) => primary === true)
        .map((action) => (
          <Button
            key={action.id}
            className={action.tone === "danger" ? "button danger" : "button"}
            onPress={() => runner.start(action, [item])}
          >
            {action.icon !== undefined && <action.icon size={14} aria-hidden="true" />}
            {action.label}
          </Button>
        ))}
      <ActionMenu actions={actions} item={item} name={name} runner={runner} />
    </div>
  );
}

/** A button that does something that is about no thing there is yet: making one. */
export function ActionButton({ action, primary = true }: { action: Action<null>; primary?: boolean }) {
  const runner = useRunner<null>(() => "");
  return (
    <>
      <Button className={primary ? "button primary" : "button"} onPress={() => runner.start(action, [null])}>
        {action.icon !== undefined && <action.icon size={14} aria-hidden="true" />}
        {action.label}
      </Button>
      {runner.dialog}
    </>
  );
}
