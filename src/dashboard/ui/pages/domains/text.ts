import { defineText } from "../../app/catalogue.ts";

export const text = defineText({
  en: {
    title: "Domains",
    "empty.title": "No domains",
    "empty.hint":
      "A domain has users, groups and projects of its own: two domains may each have a user ada. Most clouds need one.",
    enabled: "Enabled",
    "enabled.hint": "Nobody of a domain that is not enabled can log in.",
    create: "Create domain",
    "create.done": "The domain {name} is there",
    edit: "Edit",
    "edit.done": "{name} was changed",
    delete: "Delete",
    "delete.question": "Its users, groups and projects go with it. It must not be enabled.",
    "delete.done": "{name} was deleted",
  },
  de: {
    title: "Domänen",
    "empty.title": "Keine Domänen",
    "empty.hint":
      "Eine Domäne hat eigene Benutzer, Gruppen und Projekte: zwei Domänen können je einen Benutzer ada haben. Die meisten Clouds brauchen eine.",
    enabled: "Aktiv",
    "enabled.hint": "Niemand aus einer Domäne, die nicht aktiv ist, kann sich anmelden.",
    create: "Domäne anlegen",
    "create.done": "Die Domäne {name} ist da",
    edit: "Bearbeiten",
    "edit.done": "{name} wurde geändert",
    delete: "Löschen",
    "delete.question": "Ihre Benutzer, Gruppen und Projekte gehen mit. Sie darf nicht aktiv sein.",
    "delete.done": "{name} wurde gelöscht",
  },
});
