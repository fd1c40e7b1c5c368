import { defineText } from "../../app/catalogue.ts";

export const text = defineText({
  en: {
    title: "Aggregates",
    "empty.title": "No aggregates yet",
    "empty.hint":
      "An aggregate takes hosts together. With a zone, people choose it when they launch; with metadata, flavors ask for it by their extra specs.",
    zone: "Availability zone",
    "zone.hint": "Empty: it is no zone that people choose.",
    hosts: "Hosts",
    host: "Host",
    metadata: "Metadata",
    create: "Create aggregate",
    "create.done": "The aggregate {name} is there",
    "host.add": "Add host",
    "host.added": "{name} has one host more",
    "host.remove": "Remove host",
    "host.removed": "{name} has one host less",
    delete: "Delete",
    "delete.question": "Its hosts must be removed from it first; they and their instances stay.",
    "delete.done": "{name} was deleted",
  },
  de: {
    title: "Aggregate",
    "empty.title": "Noch keine Aggregate",
    "empty.hint":
      "Ein Aggregat fasst Hosts zusammen. Mit einer Zone wählt man es beim Starten; mit Metadaten verlangen Flavors es durch ihre Extra Specs.",
    zone: "Verfügbarkeitszone",
    "zone.hint": "Leer: Es ist keine Zone, die man wählt.",
    hosts: "Hosts",
    host: "Host",
    metadata: "Metadaten",
    create: "Aggregat anlegen",
    "create.done": "Das Aggregat {name} ist da",
    "host.add": "Host hinzufügen",
    "host.added": "{name} hat einen Host mehr",
    "host.remove": "Host entfernen",
    "host.removed": "{name} hat einen Host weniger",
    delete: "Löschen",
    "delete.question": "Zuerst müssen seine Hosts daraus entfernt werden; sie und ihre Instanzen bleiben.",
    "delete.done": "{name} wurde gelöscht",
  },
});
