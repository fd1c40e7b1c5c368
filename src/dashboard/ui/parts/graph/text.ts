import { defineText } from "../../app/catalogue.ts";

export const text = defineText({
  en: {
    keys: "Enter shows what it is and what can be done. Arrow keys move what is chosen; Escape lets it go.",
    moved: "Moved to {x}, {y}",
    controls: "View",
    "zoom.in": "Zoom in",
    "zoom.out": "Zoom out",
    fit: "Show all",
    arrange: "Arrange anew",
  },
  de: {
    keys: "Eingabe zeigt, was es ist und was damit getan werden kann. Pfeiltasten bewegen das Gewählte; Escape lässt es los.",
    moved: "Bewegt nach {x}, {y}",
    controls: "Ansicht",
    "zoom.in": "Vergrößern",
    "zoom.out": "Verkleinern",
    fit: "Alles zeigen",
    arrange: "Neu anordnen",
  },
});
