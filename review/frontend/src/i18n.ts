// Words, numbers and dates in the language the inspector reads.

import { createContext } from "preact";
import { useContext } from "preact/hooks";
import { en, type Strings } from "./strings/en";
import { zh } from "./strings/zh";
import type { Label } from "./types";

export type Language = "en" | "zh";

const DICTIONARIES: Record<Language, Strings> = { en, zh };
const LOCALES: Record<Language, string> = { en: "en-GB", zh: "zh-CN" };
const STORAGE_KEY = "aerogrid.language";

export function initialLanguage(): Language {
  const chosen = new URLSearchParams(location.search).get("lang") ?? localStorage.getItem(STORAGE_KEY);
  if (chosen === "en" || chosen === "zh") return chosen;
  return navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";
}

export function rememberLanguage(language: Language): void {
  localStorage.setItem(STORAGE_KEY, language);
}

const AGE_STEPS: [string, number][] = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

export class Words {
  readonly t: Strings;
  private readonly locale: string;
  private readonly times: Intl.DateTimeFormat;

  constructor(readonly language: Language) {
    this.t = DICTIONARIES[language];
    this.locale = LOCALES[language];
    this.times = new Intl.DateTimeFormat(this.locale, { dateStyle: "medium", timeStyle: "short" });
  }

  label(label: Label): string {
    return label[this.language] || label.en;
  }

  number(value: number, digits = 0): string {
    const options = { minimumFractionDigits: digits, maximumFractionDigits: digits };
    return value.toLocaleString(this.locale, options);
  }

  time(iso: string | null): string {
    return iso ? this.times.format(new Date(iso)) : this.t.unknown;
  }

  age(iso: string, now = Date.now()): string {
    const seconds = Math.max(0, (now - Date.parse(iso)) / 1000);
    const step = AGE_STEPS.find(([, size]) => seconds >= size);
    if (!step) return this.t.justNow;
    const [unit, size] = step;
    const options = { style: "unit", unit, unitDisplay: "narrow" } as const;
    return Math.floor(seconds / size).toLocaleString(this.locale, options);
  }

  stage(name: string): string {
    return find(this.t.stages, name);
  }

  action(name: string): string {
    return find(this.t.actions, name);
  }

  actor(name: string): string {
    return find(this.t.actors, name);
  }

  zone(layer: string): string {
    return find(this.t.zones, layer);
  }

  /** A reason is a word of our list, free text, or both: `other: a greenhouse`. */
  reason(written: string): string {
    const [, code = "", note = ""] = written.match(/^(\w+)(?:: (.+))?$/s) ?? [];
    const known = (this.t.reasons as Record<string, string>)[code];
    if (!known) return written;
    return note ? `${known}: ${note}` : known;
  }
}

function find(names: Record<string, string>, name: string): string {
  return names[name] ?? name;
}

export const WordsContext = createContext(new Words("en"));
export const useWords = () => useContext(WordsContext);
