// Words, numbers and dates in the language the inspector reads.

import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { ApiError } from "./api";
import { en, type Strings } from "./strings/en";
import { REFUSALS } from "./strings/refusals";
import { zh } from "./strings/zh";
import type { Label } from "./types";

export type Language = "en" | "zh";

const DICTIONARIES: Record<Language, Strings> = { en, zh };
const LOCALES: Record<Language, string> = { en: "en-GB", zh: "zh-CN" };
const STORAGE_KEY = "aerogrid.language";
/** What the type of each problem begins with. */
const KINDS = "urn:aerogrid:problem:";

export function initialLanguage(): Language {
  const chosen = new URLSearchParams(location.search).get("lang") ?? localStorage.getItem(STORAGE_KEY);
  if (chosen === "en" || chosen === "zh") return chosen;
  return navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";
}

export function rememberLanguage(language: Language): void {
  localStorage.setItem(STORAGE_KEY, language);
}

const AGE_STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 365.25 * 86_400],
  ["month", 30.44 * 86_400],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

export class Words {
  readonly t: Strings;
  private readonly locale: string;
  /** Made when first asked for, since each costs milliseconds. */
  private times: Intl.DateTimeFormat | null = null;
  private ages: Intl.RelativeTimeFormat | null = null;

  /** Times are those of the district's clocks, so many hours ahead of UTC, wherever the browser is. */
  constructor(
    readonly language: Language,
    private readonly utcOffsetHours = 0,
  ) {
    this.t = DICTIONARIES[language];
    this.locale = LOCALES[language];
  }

  label(label: Label): string {
    return label[this.language] || label.en;
  }

  /** Both languages write them alike, and `Intl` would take longer than all else to begin. */
  number(value: number, digits = 0): string {
    const [whole, ...rest] = value.toFixed(digits).split(".");
    return [whole!.replace(/\B(?=(\d{3})+$)/g, ","), ...rest].join(".");
  }

  time(iso: string | null): string {
    if (!iso) return this.t.unknown;
    const onTheWall = new Date(Date.parse(iso) + this.utcOffsetHours * 3_600_000);
    this.times ??= new Intl.DateTimeFormat(this.locale, { dateStyle: "medium", timeStyle: "short", timeZone: "UTC" });
    return `${this.times.format(onTheWall)} ${zoneName(this.utcOffsetHours)}`;
  }

  /** The hours and minutes of a moment. */
  clock(at: number): string {
    return new Date(at + this.utcOffsetHours * 3_600_000).toISOString().slice(11, 16);
  }

  age(iso: string, now = Date.now()): string {
    return this.away((now - Date.parse(iso)) / 1000, -1);
  }

  /** How long it is until a moment. */
  until(iso: string, now = Date.now()): string {
    return this.away((Date.parse(iso) - now) / 1000, 1);
  }

  private away(seconds: number, direction: 1 | -1): string {
    const step = AGE_STEPS.find(([, size]) => seconds >= size);
    if (!step) return this.t.justNow;
    const [unit, size] = step;
    this.ages ??= new Intl.RelativeTimeFormat(this.locale, { style: "short", numeric: "always" });
    return this.ages.format(direction * Math.floor(seconds / size), unit);
  }

  stage(name: string): string {
    return find(this.t.stages, name);
  }

  action(name: string): string {
    return find(this.t.actions, name);
  }

  role(name: string): string {
    return find(this.t.roles, name);
  }

  /** Why the server refused: by the kind of problem, or else in its own words, which are English. */
  refusal({ status, message, problem }: ApiError): string {
    if (status === 0) return this.t.offline;
    const said = REFUSALS[this.language][problem?.type?.replace(KINDS, "") ?? ""];
    return problem && said ? said(problem, this) : this.t.refused(message);
  }

  /** Why somebody who was in is asked to sign in again. */
  ended(error: ApiError): string {
    return error.problem?.type?.endsWith(":account-locked") ? this.refusal(error) : this.t.sessionEnded;
  }

  actor(name: string): string {
    return find(this.t.actors, name);
  }

  /** Of what a case's area is: that of a fire is of what decided, not of what burnt. */
  area(className: string): string {
    return (this.t.areas as Record<string, string>)[className] ?? this.t.area;
  }

  /** A pose says in English where it is from, in parts that are known. */
  poseFrom(source: string): string {
    const known: [string, string][] = Object.entries(this.t.poseParts);
    return source
      .split("; ")
      .map((part) => known.reduce((text, [english, word]) => text.replace(english, word), part))
      .join(this.t.poseJoin);
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

/** UTC+8, UTC-3:30, UTC. */
function zoneName(hours: number): string {
  const minutes = Math.round(Math.abs(hours) * 60);
  if (minutes === 0) return "UTC";
  const rest = minutes % 60;
  return `UTC${hours > 0 ? "+" : "-"}${Math.floor(minutes / 60)}${rest ? `:${String(rest).padStart(2, "0")}` : ""}`;
}

function find(names: Record<string, string>, name: string): string {
  return names[name] ?? name;
}

export const WordsContext = createContext(new Words("en"));
export const useWords = () => useContext(WordsContext);
