import { defineText } from "../../app/catalogue.ts";

export const text = defineText({
  en: {
    title: "Key pairs",
    "empty.title": "No key pairs yet",
    "empty.hint":
      "A key pair lets you log in to instances by SSH: the cloud puts the public half into them, you keep the private half. Make one here, or give the public half of one that you have.",
    create: "Create key pair",
    "create.name": "Name",
    "create.name.hint": "Letters, digits, spaces and @._- as you like.",
    "create.done": "The key pair {name} is there",
    import: "Import public key",
    "import.key": "Public key",
    "import.hint": "The content of ~/.ssh/id_ed25519.pub, or of a certificate for Windows guests.",
    type: "Type",
    fingerprint: "Fingerprint",
    "private.title": "The private key",
    "private.hint":
      "It is shown this once and kept nowhere. Save it, then: chmod 600 on the file, and ssh -i FILE USER@ADDRESS.",
    "private.save": "Save {file}",
    delete: "Delete",
    "delete.question": "Instances that have its public half keep it; new ones cannot get it.",
    "delete.done": "{name} was deleted",
  },
  de: {
    title: "Schlüsselpaare",
    "empty.title": "Noch keine Schlüsselpaare",
    "empty.hint":
      "Mit einem Schlüsselpaar meldest du dich per SSH bei Instanzen an: Die Cloud legt die öffentliche Hälfte hinein, du behältst die private. Mache hier eines, oder gib die öffentliche Hälfte eines vorhandenen.",
    create: "Schlüsselpaar anlegen",
    "create.name": "Name",
    "create.name.hint": "Buchstaben, Ziffern, Leerzeichen und @._- nach Belieben.",
    "create.done": "Das Schlüsselpaar {name} ist da",
    import: "Öffentlichen Schlüssel einlesen",
    "import.key": "Öffentlicher Schlüssel",
    "import.hint": "Der Inhalt von ~/.ssh/id_ed25519.pub, oder eines Zertifikats für Windows-Gäste.",
    type: "Art",
    fingerprint: "Fingerabdruck",
    "private.title": "Der private Schlüssel",
    "private.hint":
      "Er wird nur dieses eine Mal gezeigt und nirgends aufgehoben. Speichere ihn, dann: chmod 600 auf die Datei und ssh -i DATEI BENUTZER@ADRESSE.",
    "private.save": "{file} speichern",
    delete: "Löschen",
    "delete.question": "Instanzen, die seine öffentliche Hälfte haben, behalten sie; neue bekommen sie nicht mehr.",
    "delete.done": "{name} wurde gelöscht",
  },
});
