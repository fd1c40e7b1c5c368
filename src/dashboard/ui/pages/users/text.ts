import { defineText } from "../../app/catalogue.ts";

export const text = defineText({
  en: {
    title: "Users",
    "empty.title": "No users yet",
    "empty.hint": "A user logs in with a password. To work in a project, the user needs a role there as well.",
    email: "E-mail",
    enabled: "Enabled",
    domain: "Domain",
    password: "Password",
    create: "Create user",
    "create.hint": "Then give the user a role: Projects, Members.",
    "create.done": "The user {name} is there",
    edit: "Edit",
    "edit.done": "{name} was changed",
    "password.set": "Set password",
    "password.hint": "Log-ins of the user end.",
    "password.done": "{name} has a new password",
    delete: "Delete",
    "delete.question":
      "Roles and application credentials of the user go, too. What the user made belongs to projects and stays.",
    "delete.done": "{name} was deleted",
  },
  de: {
    title: "Benutzer",
    "empty.title": "Noch keine Benutzer",
    "empty.hint":
      "Ein Benutzer meldet sich mit einem Passwort an. Um in einem Projekt zu arbeiten, braucht er dort auch eine Rolle.",
    email: "E-Mail",
    enabled: "Aktiv",
    domain: "Domäne",
    password: "Passwort",
    create: "Benutzer anlegen",
    "create.hint": "Gib dem Benutzer danach eine Rolle: Projekte, Mitglieder.",
    "create.done": "Der Benutzer {name} ist da",
    edit: "Bearbeiten",
    "edit.done": "{name} wurde geändert",
    "password.set": "Passwort setzen",
    "password.hint": "Anmeldungen des Benutzers enden.",
    "password.done": "{name} hat ein neues Passwort",
    delete: "Löschen",
    "delete.question":
      "Rollen und Application Credentials des Benutzers gehen mit. Was er gemacht hat, gehört Projekten und bleibt.",
    "delete.done": "{name} wurde gelöscht",
  },
});
