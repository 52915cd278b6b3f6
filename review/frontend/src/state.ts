// What the page knows, and how it begins.

import { FOR_COMMAND, IN_HAND, type Filters } from "./api";
import { initialLanguage, Words } from "./i18n";
import type {
  CaseDetail,
  CaseItem,
  Claim,
  Decision,
  EarlierPhoto,
  HistoryEvent,
  ListedCase,
  Session,
  Step,
  Summary,
  Vocabulary,
} from "./types";

export type Pane = "queue" | "photo" | "map" | "case";
export type Dialog =
  | "help"
  | "reject"
  | "reopen"
  | "step"
  | "feed_back"
  | "name"
  | "account"
  | "several"
  | "missed"
  | "class"
  | "snooze"
  | "merge"
  | "split"
  | "news";

export interface Toast {
  text: string;
  kind: "done" | "problem";
  undo: boolean;
}

export interface State {
  words: Words;
  /** Null until the server has told. */
  session: Session | null;
  /** As what the person acts; empty where nobody signs in. */
  role: string;
  signInProblem: string;
  /** Of the open case, by this page. */
  claim: Claim | null;
  vocabulary: Vocabulary | null;
  summary: Summary | null;
  cells: object | null;
  zones: object | null;
  filters: Filters;
  queue: ListedCase[];
  /** To choose several from. */
  shown: ListedCase[];
  chosen: string[];
  /** Looked at one after another instead of the whole queue. */
  picked: string[] | null;
  /** What could be one with the open case; null until the server has told. */
  near: CaseItem[] | null;
  total: number;
  next: string | null;
  loaded: boolean;
  no: string | null;
  detail: CaseDetail | null;
  history: HistoryEvent[];
  photoIndex: number;
  outlineOn: boolean;
  /** Laid over the photo, to be swiped. */
  earlier: EarlierPhoto | null;
  /** What is drawn in the photo by hand just now. */
  hand: "correcting" | "drawing" | null;
  peeking: boolean;
  pane: Pane;
  dialog: Dialog | null;
  /** Which step the dialog asks a reason for. */
  step: Step | null;
  toast: Toast | null;
  busy: boolean;
  /** The server does not answer. */
  away: boolean;
  /** How often it has come back. */
  returns: number;
  /** A case that was asked for and could not be shown, and why; its words are the server's. */
  unread: { no: string; status: number; why: string } | null;
  inspector: string;
  decided: number;
}

export interface Intent {
  decision: Decision;
  reason?: string;
  note?: string;
}

const FIRST_STAGE: Record<string, string> = { officer: IN_HAND, operator: "", command: FOR_COMMAND };

/** What waits for people of a role. */
export const firstStageOf = (role: string): string => FIRST_STAGE[role] ?? "reported";

const INSPECTOR_KEY = "aerogrid.inspector";

/** The name that somebody signed with here before. */
export const rememberInspector = (name: string): void => localStorage.setItem(INSPECTOR_KEY, name);

export const initialState = (): State => ({
  words: new Words(initialLanguage()),
  session: null,
  role: "",
  signInProblem: "",
  claim: null,
  vocabulary: null,
  summary: null,
  cells: null,
  zones: null,
  filters: { stage: "reported", category: "", cell: "", order: "urgency" },
  queue: [],
  shown: [],
  chosen: [],
  picked: null,
  near: null,
  total: 0,
  next: null,
  loaded: false,
  no: null,
  detail: null,
  history: [],
  photoIndex: 0,
  outlineOn: true,
  hand: null,
  earlier: null,
  peeking: false,
  pane: "photo",
  dialog: null,
  step: null,
  toast: null,
  busy: false,
  away: false,
  returns: 0,
  unread: null,
  inspector: localStorage.getItem(INSPECTOR_KEY) ?? "",
  decided: 0,
});
