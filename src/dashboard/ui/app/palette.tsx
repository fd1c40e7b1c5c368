import { useQueryClient } from "@tanstack/react-query";
import { CornerDownLeft } from "lucide-react";
import { useMemo, useState } from "react";
import {
  Autocomplete,
  Dialog,
  Header,
  Input,
  Menu,
  MenuItem,
  MenuSection,
  Modal,
  ModalOverlay,
  SearchField,
  useFilter,
} from "react-aria-components";
import { useLocation } from "wouter";
import { firstRoute, type Panel } from "./panel.ts";
import { translate, useText } from "./text.ts";
import { thingsOf } from "./things.ts";
import { words } from "./words.ts";

interface Props {
  panels: readonly Panel[];
  isOpen: boolean;
  onOpenChange(open: boolean): void;
}

/** Every page, every action and everything that has been on a page, by its name. */
export function Palette({ panels, isOpen, onOpenChange }: Props) {
  const t = useText(words);
  return (
    <ModalOverlay className="overlay palette-overlay" isOpen={isOpen} onOpenChange={onOpenChange} isDismissable>
      <Modal className="palette">
        <Dialog aria-label={t("palette.title")} className="palette-dialog">
          {({ close }) => <Choices panels={panels} close={close} />}
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}

function Choices({ panels, close }: { panels: readonly Panel[]; close(): void }) {
  const t = useText(words);
  const [, navigate] = useLocation();
  const client = useQueryClient();
  const { contains } = useFilter({ sensitivity: "base" });
  const [typed, setTyped] = useState("");
  const things = useMemo(() => thingsOf(client), [client]);
  const found =
    typed === "" ? [] : things.filter(({ name, id }) => contains(name, typed) || id.startsWith(typed)).slice(0, 20);
  const go = (to: string) => {
    close();
    navigate(to);
  };
  return (
    <Autocomplete
      inputValue={typed}
      onInputChange={setTyped}
      filter={(value, input) => value.startsWith("=") || contains(value, input)}
    >
      <SearchField aria-label={t("palette.placeholder")} autoFocus className="palette-search">
        <Input placeholder={t("palette.placeholder")} className="palette-input" />
      </SearchField>
      <Menu
        className="menu palette-menu"
        aria-label={t("palette.title")}
        onAction={(key) => go(String(key).split(" ")[1] ?? "/")}
        renderEmptyState={() => <p className="dim palette-empty">{t("palette.empty")}</p>}
      >
        <MenuSection className="menu-section">
          <Header>{t("palette.pages")}</Header>
          {panels.map((panel) => {
            const name = translate(panel.text, panel.title);
            return (
              <MenuItem key={panel.id} id={`page ${firstRoute(panel)}`} className="menu-item" textValue={name}>
                <panel.icon size={15} aria-hidden="true" />
                {name}
                <CornerDownLeft size={13} className="enter" aria-hidden="true" />
              </MenuItem>
            );
          })}
        </MenuSection>
        <MenuSection className="menu-section">
          <Header>{t("palette.actions")}</Header>
          {panels.flatMap((panel) =>
            (panel.actions ?? []).map(({ title, to }) => {
              const name = translate(panel.text, title);
              return (
                <MenuItem key={title} id={`action ${to}`} className="menu-item" textValue={name}>
                  <panel.icon size={15} aria-hidden="true" />
                  {name}
                  <CornerDownLeft size={13} className="enter" aria-hidden="true" />
                </MenuItem>
              );
            }),
          )}
        </MenuSection>
        {found.length > 0 && (
          <MenuSection className="menu-section">
            <Header>{t("palette.things")}</Header>
            {found.map(({ id, name, to, kind }) => (
              <MenuItem key={id} id={`thing ${to}`} className="menu-item" textValue={`=${name}`}>
                <span>{name}</span>
                <span className="dim">{kind}</span>
              </MenuItem>
            ))}
          </MenuSection>
        )}
      </Menu>
    </Autocomplete>
  );
}
