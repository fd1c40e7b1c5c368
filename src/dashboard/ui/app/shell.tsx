import { ChevronDown, LogOut, Menu as MenuIcon, Search } from "lucide-react";
import { type ReactNode, useEffect, useState } from "react";
import {
  Button,
  Dialog,
  DialogTrigger,
  Header,
  Menu,
  MenuItem,
  MenuSection,
  MenuTrigger,
  Modal,
  ModalOverlay,
  Popover,
  Separator,
} from "react-aria-components";
import { useLocation } from "wouter";
import { ExplainDialog } from "../parts/explain.tsx";
import { Link } from "../parts/link.tsx";
import { Logo } from "../parts/logo.tsx";
import { note } from "../parts/toast.tsx";
import { LANGUAGES, type Language } from "./catalogue.ts";
import { useLive } from "./live.ts";
import { Palette } from "./palette.tsx";
import { firstRoute, GROUPS, type Panel } from "./panel.ts";
import { type Scope, useSession, useSessionValue } from "./session.tsx";
import { setLanguage, translate, useLanguage, useText } from "./text.ts";
import { setTheme, THEMES, type Theme, useTheme } from "./theme.ts";
import { words } from "./words.ts";

/** What is around every page: where one is, as whom, and the ways to elsewhere. */
export function Shell({ panels, children }: { panels: readonly Panel[]; children: ReactNode }) {
  const t = useText(words);
  const session = useSession();
  const [location] = useLocation();
  const scope = session.project?.id ?? session.domain?.id ?? "system";
  const live = useLive(scope);
  const [drawer, setDrawer] = useState(false);
  const [palette, setPalette] = useState(false);
  const here = panels.find((panel) => isWithin(panel, location));

  // biome-ignore lint/correctness/useExhaustiveDependencies: another page closes what lies over it
  useEffect(() => setDrawer(false), [location]);
  useEffect(() => {
    document.title = here === undefined ? "tenrec" : `${translate(here.text, here.title)} · tenrec`;
  }, [here]);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      setPalette((open) => !open);
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);

  return (
    <div className="shell">
      <a className="skip" href="#content">
        {t("app.skip")}
      </a>
      <header className="topbar">
        <DialogTrigger isOpen={drawer} onOpenChange={setDrawer}>
          <Button className="button quiet icon only-narrow" aria-label={t("nav.open")}>
            <MenuIcon size={18} aria-hidden="true" />
          </Button>
          <ModalOverlay className="overlay drawer-overlay" isDismissable>
            <Modal className="drawer">
              <Dialog aria-label={t("nav.label")} className="drawer-dialog">
                <Navigation panels={panels} here={here} />
              </Dialog>
            </Modal>
          </ModalOverlay>
        </DialogTrigger>
        <Link to="/" className="brand">
          <Logo small />
          <span>{t("app.name")}</span>
        </Link>
        <ScopeMenu />
        <Button className="palette-button" onPress={() => setPalette(true)}>
          <Search size={15} aria-hidden="true" />
          <span className="palette-words">{t("palette.open")}</span>
          <kbd className="not-narrow">Ctrl K</kbd>
        </Button>
        <span className={live ? "live on" : "live"} role="status" title={t("live.hint")}>
          <i aria-hidden="true" />
          <span className="not-narrow">{live ? t("live.on") : t("live.off")}</span>
          <span className="hidden-visually only-narrow">{live ? t("live.on") : t("live.off")}</span>
        </span>
        <UserMenu />
      </header>
      <nav className="sidebar not-narrow" aria-label={t("nav.label")}>
        <Navigation panels={panels} here={here} />
      </nav>
      <main id="content" className="content" tabIndex={-1}>
        {children}
      </main>
      <Palette panels={panels} isOpen={palette} onOpenChange={setPalette} />
      <ExplainDialog />
    </div>
  );
}

const isWithin = (panel: Panel, location: string): boolean => {
  const base = firstRoute(panel);
  return location === base || location.startsWith(`${base}/`);
};

function Navigation({ panels, here }: { panels: readonly Panel[]; here: Panel | undefined }) {
  const t = useText(words);
  useLanguage();
  return (
    <>
      {GROUPS.map((group) => {
        const members = panels.filter((panel) => panel.group === group);
        if (members.length === 0) return null;
        return (
          <section key={group} className="nav-group" aria-label={t(`group.${group}`)}>
            <h2>{t(`group.${group}`)}</h2>
            <ul>
              {members.map((panel) => (
                <li key={panel.id}>
                  <NavLink panel={panel} isHere={panel === here} />
                </li>
              ))}
            </ul>
          </section>
        );
      })}
    </>
  );
}

function NavLink({ panel, isHere }: { panel: Panel; isHere: boolean }) {
  const { icon: Icon } = panel;
  const [, navigate] = useLocation();
  const to = firstRoute(panel);
  return (
    <a
      href={`/dashboard${to}`}
      aria-current={isHere ? "page" : undefined}
      onClick={(event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
        event.preventDefault();
        navigate(to);
      }}
    >
      <Icon size={16} strokeWidth={1.75} aria-hidden="true" />
      {translate(panel.text, panel.title)}
    </a>
  );
}

function ScopeMenu() {
  const t = useText(words);
  const session = useSession();
  const { changeScope } = useSessionValue();
  const [, navigate] = useLocation();
  const { project, domain, isSystem } = session;
  const name =
    project?.name ??
    (domain !== null ? t("scope.domain", { name: domain.name }) : isSystem ? t("scope.system") : t("scope.none"));
  const current = project !== null ? `project ${project.id}` : domain !== null ? `domain ${domain.id}` : "system";

  const change = (key: string) => {
    if (key === current) return;
    const [kind = "", id = ""] = key.split(" ");
    const scope: Scope = kind === "project" ? { project: id } : kind === "domain" ? { domain: id } : { system: true };
    navigate("/");
    changeScope(scope).catch((error: unknown) =>
      note({ tone: "bad", title: t("scope.switch"), detail: String(error) }),
    );
  };
  return (
    <MenuTrigger>
      <Button className="button quiet scope" aria-label={t("scope.label", { name })}>
        <span>{name}</span>
        <ChevronDown size={14} aria-hidden="true" />
      </Button>
      <Popover className="popover" placement="bottom start">
        <Menu
          className="menu"
          aria-label={t("scope.switch")}
          selectionMode="single"
          selectedKeys={[current]}
          onAction={(key) => change(String(key))}
        >
          <MenuSection className="menu-section">
            <Header>{t("group.project")}</Header>
            {session.projects.map((one) => (
              <MenuItem key={one.id} id={`project ${one.id}`} className="menu-item" textValue={one.name}>
                {one.name}
              </MenuItem>
            ))}
          </MenuSection>
          {session.domains.length > 0 && (
            <MenuSection className="menu-section">
              <Header>{t("scope.domain.short")}</Header>
              {session.domains.map((one) => (
                <MenuItem key={one.id} id={`domain ${one.id}`} className="menu-item" textValue={one.name}>
                  {one.name}
                </MenuItem>
              ))}
            </MenuSection>
          )}
          {session.maySystem && (
            <MenuItem id="system" className="menu-item">
              {t("scope.system")}
            </MenuItem>
          )}
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}

function UserMenu() {
  const t = useText(words);
  const { user, region } = useSession();
  const { logOut } = useSessionValue();
  const theme = useTheme();
  const language = useLanguage();
  return (
    <MenuTrigger>
      <Button className="button quiet icon user" aria-label={t("user.menu", { name: user.name })}>
        <span className="avatar" aria-hidden="true" data-initials={user.name.slice(0, 2).toUpperCase()} />
      </Button>
      <Popover className="popover" placement="bottom end">
        <div className="menu-about">
          <strong>{user.name}</strong>
          <span className="dim">
            {user.domain.name} · {region}
          </span>
        </div>
        <Menu className="menu" aria-label={t("user.menu", { name: user.name })}>
          <MenuSection
            className="menu-section"
            selectionMode="single"
            disallowEmptySelection
            selectedKeys={[theme]}
            onSelectionChange={(keys) => setTheme([...keys][0] as Theme)}
          >
            <Header>{t("theme")}</Header>
            {THEMES.map((one) => (
              <MenuItem key={one} id={one} className="menu-item">
                {t(`theme.${one}`)}
              </MenuItem>
            ))}
          </MenuSection>
          <MenuSection
            className="menu-section"
            selectionMode="single"
            disallowEmptySelection
            selectedKeys={[language]}
            onSelectionChange={(keys) => setLanguage([...keys][0] as Language)}
          >
            <Header>{t("language")}</Header>
            {Object.entries(LANGUAGES).map(([key, name]) => (
              <MenuItem key={key} id={key} className="menu-item">
                {name}
              </MenuItem>
            ))}
          </MenuSection>
          <Separator className="menu-separator" />
          <MenuItem id="logout" className="menu-item" onAction={() => void logOut()}>
            <LogOut size={14} aria-hidden="true" />
            {t("user.logout")}
          </MenuItem>
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}
