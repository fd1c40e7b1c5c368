import { Language } from "./kernel/config/language.ts";
import { type LoadOptions, loadSettings as load } from "./kernel/config/load.ts";
import { SERVICES } from "./services.ts";

/** The words of local.conf that this cloud and its services understand. */
export const language = new Language(SERVICES.map(({ declaration }) => declaration));

/** `loadSettings` of kernel/config/load.ts, in that language. */
export const loadSettings = (options: Omit<LoadOptions, "language">): ReturnType<typeof load> =>
  load({ ...options, language });
