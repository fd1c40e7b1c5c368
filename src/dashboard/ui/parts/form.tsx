import { Check, ChevronDown } from "lucide-react";
import { useId } from "react";
import {
  Button,
  Checkbox,
  CheckboxGroup,
  FieldError,
  FileTrigger,
  Input,
  Label,
  ListBox,
  ListBoxItem,
  NumberField,
  Popover,
  Select,
  SelectValue,
  Switch,
  Text,
  TextArea,
  TextField,
} from "react-aria-components";
import { useText } from "../app/text.ts";
import { words } from "../app/words.ts";

export interface Option {
  readonly id: string;
  readonly label: string;
  readonly hint?: string;
  readonly disabled?: boolean;
}

export type Values = Readonly<Record<string, unknown>>;

interface Common {
  readonly name: string;
  readonly label: string;
  readonly hint?: string | undefined;
  readonly required?: boolean;
  /** Absent: always. */
  readonly visible?: (values: Values) => boolean;
  /** What is wrong with a value, or null. */
  readonly check?: (value: unknown, values: Values) => string | null;
}

/** Of the code's own, or asked for by a hook. */
interface Choice {
  readonly options?: readonly Option[];
  useOptions?(values: Values): { options: readonly Option[]; isPending: boolean };
}

/** One input of a form, as data: forms are made of lists of these. */
export type Field =
  | (Common & { readonly kind: "text" | "password"; readonly placeholder?: string; readonly mono?: boolean })
  | (Common & { readonly kind: "area"; readonly placeholder?: string; readonly mono?: boolean; readonly rows?: number })
  | (Common & {
      readonly kind: "number";
      readonly min?: number;
      readonly max?: number;
      readonly step?: number;
      readonly unit?: string;
    })
  | (Common & { readonly kind: "switch" })
  | (Common & {
      readonly kind: "file";
      readonly accept?: readonly string[] /** What is read of it: its text. */;
      readonly as: "text" | "file";
    })
  | (Common & Choice & { readonly kind: "select" | "many" });

export const text = (values: Values, name: string): string => {
  const value = values[name];
  return typeof value === "string" ? value : value == null ? "" : String(value);
};
export const list = (values: Values, name: string): readonly string[] => {
  const value = values[name];
  return Array.isArray(value) ? (value as string[]) : [];
};
/** Without what is empty: bodies do not say what nobody said. */
export const given = <T extends object>(members: T): Partial<T> =>
  Object.fromEntries(
    Object.entries(members).filter(([, value]) => value !== undefined && value !== "" && value !== null),
  ) as Partial<T>;

/** Name → what is wrong; empty when nothing is. `required`: the word for what is missing. */
export function problemsOf(fields: readonly Field[], values: Values, required: string): Record<string, string> {
  const problems: Record<string, string> = {};
  for (const field of fields) {
    if (field.visible?.(values) === false) continue;
    const value = values[field.name];
    const missing =
      value === undefined || value === null || value === "" || (Array.isArray(value) && value.length === 0);
    if (missing && field.required === true) problems[field.name] = required;
    else if (!missing) {
      const wrong = field.check?.(value, values) ?? null;
      if (wrong !== null) problems[field.name] = wrong;
    }
  }
  return problems;
}

interface FieldsProps {
  fields: readonly Field[];
  values: Values;
  problems: Readonly<Record<string, string>>;
  onChange(name: string, value: unknown): void;
}

export function Fields({ fields, values, problems, onChange }: FieldsProps) {
  return (
    <div className="fields">
      {fields
        .filter((field) => field.visible?.(values) !== false)
        .map((field) => (
          <FieldInput
            key={field.name}
            field={field}
            values={values}
            problem={problems[field.name] ?? null}
            onChange={(value) => onChange(field.name, value)}
          />
        ))}
    </div>
  );
}

interface InputProps<Of extends Field = Field> {
  field: Of;
  values: Values;
  problem: string | null;
  onChange(value: unknown): void;
}

function FieldInput(props: InputProps) {
  const { field, values, problem, onChange } = props;
  const t = useText(words);
  const label = (
    <Label>
      {field.label}
      {field.required !== true && field.kind !== "switch" && <span className="dim"> ({t("optional")})</span>}
    </Label>
  );
  const hint = field.hint === undefined ? null : <Text slot="description">{field.hint}</Text>;
  const error = <FieldError className="field-error">{problem}</FieldError>;
  const base = {
    className: "field",
    isInvalid: problem !== null,
    isRequired: field.required === true,
    validationBehavior: "aria" as const,
  };
  switch (field.kind) {
    case "text":
    case "password":
      return (
        <TextField
          {...base}
          name={field.name}
          type={field.kind}
          value={text(values, field.name)}
          onChange={onChange}
          autoComplete="off"
        >
          {label}
          <Input className={field.mono === true ? "input mono" : "input"} placeholder={field.placeholder ?? ""} />
          {hint}
          {error}
        </TextField>
      );
    case "area":
      return (
        <TextField {...base} name={field.name} value={text(values, field.name)} onChange={onChange}>
          {label}
          <TextArea
            className={field.mono === true ? "input mono" : "input"}
            rows={field.rows ?? 4}
            placeholder={field.placeholder ?? ""}
            spellCheck={field.mono !== true}
          />
          {hint}
          {error}
        </TextField>
      );
    case "number": {
      const value = values[field.name];
      return (
        <NumberField
          {...base}
          name={field.name}
          value={typeof value === "number" ? value : Number.NaN}
          onChange={(next) => onChange(Number.isNaN(next) ? undefined : next)}
          {...(field.min === undefined ? {} : { minValue: field.min })}
          {...(field.max === undefined ? {} : { maxValue: field.max })}
          {...(field.step === undefined ? {} : { step: field.step })}
        >
          {label}
          <span className="input-with-unit">
            <Input className="input" />
            {field.unit !== undefined && <span className="unit">{field.unit}</span>}
          </span>
          {hint}
          {error}
        </NumberField>
      );
    }
    case "switch":
      return (
        <div className="field">
          <Switch className="switch" isSelected={values[field.name] === true} onChange={onChange}>
            <span className="switch-track" aria-hidden="true" />
            {field.label}
          </Switch>
          {field.hint !== undefined && <span className="field-hint">{field.hint}</span>}
        </div>
      );
    case "file":
      return <FileInput field={field} values={values} problem={problem} onChange={onChange} />;
    case "select":
    case "many":
      return <ChoiceInput field={field} values={values} problem={problem} onChange={onChange} />;
  }
}

function FileInput({ field, values, problem, onChange }: InputProps<Extract<Field, { kind: "file" }>>) {
  const t = useText(words);
  const id = useId();
  const value = values[field.name];
  const name = value instanceof File ? value.name : typeof value === "string" ? `${value.slice(0, 40)}…` : null;
  return (
    <div className="field">
      <span className="field-label" id={id}>
        {field.label}
      </span>
      <FileTrigger
        {...(field.accept === undefined ? {} : { acceptedFileTypes: [...field.accept] })}
        onSelect={async (files) => {
          const [file] = files ?? [];
          if (file !== undefined) onChange(field.as === "file" ? file : await file.text());
        }}
      >
        <Button className="button" aria-describedby={id}>
          {name ?? t("choose")}
        </Button>
      </FileTrigger>
      {field.hint !== undefined && <span className="field-hint">{field.hint}</span>}
      {problem !== null && <span className="field-error">{problem}</span>}
    </div>
  );
}

const NONE: readonly Option[] = [];
const useFixed = () => ({ options: NONE, isPending: false });

function ChoiceInput({ field, values, problem, onChange }: InputProps<Extract<Field, { kind: "select" | "many" }>>) {
  const t = useText(words);
  const { useOptions = useFixed } = field;
  const asked = useOptions(values);
  const options = field.options ?? asked.options;
  const isPending = field.options === undefined && asked.isPending;
  const label = (
    <>
      {field.label}
      {field.required !== true && <span className="dim"> ({t("optional")})</span>}
    </>
  );
  if (field.kind === "many")
    return (
      <CheckboxGroup
        className="field"
        value={[...list(values, field.name)]}
        onChange={onChange}
        isInvalid={problem !== null}
        validationBehavior="aria"
      >
        <Label>{label}</Label>
        <div className="choices">
          {options.map((option) => (
            <Checkbox key={option.id} value={option.id} className="checkbox" isDisabled={option.disabled === true}>
              <span className="box" aria-hidden="true">
                <Check size={12} strokeWidth={3} />
              </span>
              <span>
                {option.label}
                {option.hint !== undefined && <span className="dim"> {option.hint}</span>}
              </span>
            </Checkbox>
          ))}
          {options.length === 0 && (
            <span className="dim">{isPending ? t("loading.what", { what: field.label }) : t("none")}</span>
          )}
        </div>
        {field.hint !== undefined && <Text slot="description">{field.hint}</Text>}
        <FieldError className="field-error">{problem}</FieldError>
      </CheckboxGroup>
    );
  const value = text(values, field.name);
  return (
    <Select
      className="field"
      value={value === "" ? null : value}
      onChange={(key) => onChange(key === null ? undefined : String(key))}
      isInvalid={problem !== null}
      isRequired={field.required === true}
      validationBehavior="aria"
      placeholder={
        isPending ? t("loading.what", { what: field.label }) : options.length === 0 ? t("none") : t("choose")
      }
    >
      <Label>{label}</Label>
      <Button className="input select-button">
        <SelectValue />
        <ChevronDown size={14} aria-hidden="true" />
      </Button>
      {field.hint !== undefined && <Text slot="description">{field.hint}</Text>}
      <FieldError className="field-error">{problem}</FieldError>
      <Popover className="popover select-popover">
        <ListBox className="menu">
          {options.map((option) => (
            <ListBoxItem
              key={option.id}
              id={option.id}
              textValue={option.label}
              className="menu-item"
              isDisabled={option.disabled === true}
            >
              <span>{option.label}</span>
              {option.hint !== undefined && <span className="option-hint">{option.hint}</span>}
            </ListBoxItem>
          ))}
        </ListBox>
      </Popover>
    </Select>
  );
}
