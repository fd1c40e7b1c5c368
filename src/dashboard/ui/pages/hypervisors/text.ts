import { defineText } from "../../app/catalogue.ts";

export const text = defineText({
  en: {
    title: "Hypervisors",
    "empty.title": "No hypervisors",
    "empty.hint": "A host appears here once its compute service has started.",
    type: "Type",
    address: "Address",
    host: "Host",
    use: "What is given to instances",
    "use.hint": "Limits count overcommitment.",
    VCPU: "vCPUs",
    MEMORY_MB: "Memory (MiB)",
    DISK_GB: "Disk (GiB)",
  },
  de: {
    title: "Hypervisoren",
    "empty.title": "Keine Hypervisoren",
    "empty.hint": "Ein Host erscheint hier, sobald sein Compute-Dienst läuft.",
    type: "Art",
    address: "Adresse",
    host: "Host",
    use: "Was an Instanzen vergeben ist",
    "use.hint": "Die Grenzen zählen Überbuchung mit.",
    VCPU: "vCPUs",
    MEMORY_MB: "Arbeitsspeicher (MiB)",
    DISK_GB: "Platte (GiB)",
  },
});
