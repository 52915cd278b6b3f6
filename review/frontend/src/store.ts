// What the page knows and what an inspector can do; components only show it.

import { api, ApiError, photoUrl, type Filters } from "./api";
import { initialLanguage, rememberLanguage, Words, type Language } from "./i18n";
import { OVERVIEW_PX } from "./photo-view";
import type {
  CaseDetail,
  CaseItem,
  CasePage,
  Decision,
  HistoryEvent,
  Summary,
  Vocabulary,
} from "./types";

export type Pane = "queue" | "photo" | "map" | "case";
export type Dialog = "help" | "reject" | "reopen" | "name";

export interface Toast {
  text: string;
  kind: "done" | "problem";
  undo: boolean;
}

export interface State {
  words: Words;
  vocabulary: Vocabulary | null;
  summary: Summary | null;
  cells: object | null;
  zones: object | null;
  filters: Filters;
  queue: CaseItem[];
  total: number;
  next: string | null;
  loaded: boolean;
  no: string | null;
  detail: CaseDetail | null;
  history: HistoryEvent[];
  photoIndex: number;
  outlineOn: boolean;
  peeking: boolean;
  pane: Pane;
  dialog: Dialog | null;
  toast: Toast | null;
  busy: boolean;
  inspector: string;
  decided: number;
}

interface Opened {
  detail: CaseDetail;
  history: HistoryEvent[];
}

interface Intent {
  decision: Decision;
  reason?: string;
  note?: string;
}

const POLL_MS = 15_000;
const TOAST_MS = 6_000;
const INSPECTOR_KEY = "aerogrid.inspector";

export class ReviewStore {
  state: State = {
    words: new Words(initialLanguage()),
    vocabulary: null,
    summary: null,
    cells: null,
    zones: null,
    filters: { stage: "reported", category: "" },
    queue: [],
    total: 0,
    next: null,
    loaded: false,
    no: null,
    detail: null,
    history: [],
    photoIndex: 0,
    outlineOn: true,
    peeking: false,
    pane: "photo",
    dialog: null,
    toast: null,
    busy: false,
    inspector: localStorage.getItem(INSPECTOR_KEY) ?? "",
    decided: 0,
  };

  private readonly listeners = new Set<() => void>();
  private readonly opened = new Map<string, Opened>();
  private readonly decisions: { no: string; version: number }[] = [];
  private changes = 0;
  private waiting: Intent | null = null;
  private toastTimer = 0;

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  set(patch: Partial<State>): void {
    this.state = { ...this.state, ...patch };
    for (const listener of this.listeners) listener();
  }

  async start(): Promise<void> {
    const wanted = decodeURIComponent(location.hash.match(/^#\/case\/(.+)$/)?.[1] ?? "");
    await this.guard(async () => {
      const [vocabulary] = await Promise.all([api.vocabulary(), this.refresh()]);
      this.set({ vocabulary, words: new Words(this.state.words.language, vocabulary.utc_offset_hours) });
      const first = wanted || this.state.queue[0]?.no;
      if (first) await this.select(first);
      const [cells, zones] = await Promise.all([api.layer("cells"), api.layer("zones")]);
      this.set({ cells, zones });
    });
    window.setInterval(() => void this.guard(() => this.refresh()), POLL_MS);
  }

  /** Read the counts and the queue again; an answer older than a decision is of no use. */
  async refresh(): Promise<void> {
    const { changes } = this;
    const filters = this.state.filters;
    const wanted = Math.max(this.state.queue.length, 1);
    const [summary, page] = await Promise.all([api.summary(), api.cases(filters, null, wanted)]);
    if (filters !== this.state.filters || changes !== this.changes) return;
    this.set({ summary, ...queueOf(page), loaded: true });
  }

  async filter(filters: Partial<Filters>): Promise<void> {
    this.set({ filters: { ...this.state.filters, ...filters }, queue: [] });
    await this.guard(() => this.refresh());
    const inQueue = this.state.queue.some((item) => item.no === this.state.no);
    if (!inQueue) await this.selectOrClear(this.state.queue[0]?.no);
  }

  async loadMore(): Promise<void> {
    await this.guard(async () => {
      const page = await api.cases(this.state.filters, this.state.next);
      const queue = [...this.state.queue, ...page.items];
      this.set({ ...queueOf(page), queue });
    });
  }

  async select(no: string, pane?: Pane): Promise<void> {
    const known = this.opened.get(no);
    history.replaceState(null, "", `#/case/${encodeURIComponent(no)}`);
    this.set({ no, photoIndex: 0, ...(pane ? { pane } : {}), ...(known ?? {}) });
    await this.guard(async () => {
      const fresh = await this.read(no);
      if (this.state.no === no) this.set(fresh);
      void this.prefetch(this.neighbour(1));
    });
  }

  step(offset: number): void {
    const no = this.neighbour(offset);
    if (no) void this.select(no);
  }

  showPhoto(index: number): void {
    const count = this.state.detail?.photos.length ?? 0;
    if (count) this.set({ photoIndex: (index + count) % count });
  }

  allows(decision: Decision): boolean {
    return this.state.detail?.no === this.state.no && !!this.state.detail?.allowed.includes(decision);
  }

  /** Decide on the open case and show the next one; asks for a name first if none is known. */
  async decide(intent: Intent): Promise<void> {
    const { detail, busy } = this.state;
    if (busy || !detail || !this.allows(intent.decision)) return;
    if (!this.named(intent)) return;
    await this.send(detail.no, detail.version, intent);
  }

  async undo(): Promise<void> {
    if (this.state.busy) return;
    const last = this.decisions.at(-1);
    const { detail } = this.state;
    const target = last ?? (detail && this.allows("undo") ? detail : null);
    if (!target) return this.say(this.state.words.t.nothingToUndo, "problem");
    if (!this.named({ decision: "undo" })) return;
    if (last) this.decisions.pop();
    await this.send(target.no, target.version, { decision: "undo" });
  }

  rename(inspector: string): void {
    localStorage.setItem(INSPECTOR_KEY, inspector);
    const intent = this.waiting;
    this.waiting = null;
    this.set({ inspector, dialog: null });
    if (intent?.decision === "undo") void this.undo();
    else if (intent) void this.decide(intent);
  }

  speak(language: Language): void {
    rememberLanguage(language);
    this.set({ words: new Words(language, this.state.vocabulary?.utc_offset_hours) });
  }

  say(text: string, kind: Toast["kind"], undo = false): void {
    window.clearTimeout(this.toastTimer);
    this.set({ toast: { text, kind, undo } });
    this.toastTimer = window.setTimeout(() => this.set({ toast: null }), TOAST_MS);
  }

  private named(intent: Intent): boolean {
    if (this.state.inspector) return true;
    this.waiting = intent;
    this.set({ dialog: "name" });
    return false;
  }

  private async send(no: string, version: number, intent: Intent): Promise<void> {
    this.set({ busy: true, dialog: null });
    let decided: CaseDetail;
    try {
      decided = await api.decide(no, { ...intent, version, actor: this.state.inspector });
    } catch (error) {
      this.set({ busy: false });
      return this.explain(error, no);
    }
    this.set({ busy: false });
    this.goOn(decided, intent.decision);
  }

  /** Show what follows at once; the counts catch up behind. */
  private goOn(decided: CaseDetail, decision: Decision): void {
    const { t } = this.state.words;
    const undone = decision === "undo";
    this.changes += 1;
    this.opened.delete(decided.no);
    if (!undone) this.decisions.push({ no: decided.no, version: decided.version });
    const following = undone ? decided.no : (this.neighbour(1) ?? this.neighbour(-1));
    this.set({
      queue: this.queueAfter(decided),
      decided: Math.max(0, this.state.decided + (undone ? -1 : 1)),
    });
    void this.selectOrClear(following);
    const text = { confirm: t.confirmed, reject: t.rejected, reopen: t.reopened, undo: t.undone }[decision];
    this.say(text(decided.no), "done", !undone);
    void this.guard(() => this.refresh());
  }

  private queueAfter(decided: CaseDetail): CaseItem[] {
    const { filters, queue } = this.state;
    const stays = !filters.stage || filters.stage === decided.stage;
    const known = queue.some((item) => item.no === decided.no);
    if (stays && !known) return [decided, ...queue];
    if (stays) return queue.map((item) => (item.no === decided.no ? decided : item));
    return queue.filter((item) => item.no !== decided.no);
  }

  private async selectOrClear(no: string | null | undefined): Promise<void> {
    if (no) return this.select(no);
    history.replaceState(null, "", location.pathname + location.search);
    this.set({ no: null, detail: null, history: [] });
  }

  private neighbour(offset: number): string | null {
    const { queue, no } = this.state;
    const at = queue.findIndex((item) => item.no === no);
    if (at < 0) return queue[0]?.no ?? null;
    return queue[at + offset]?.no ?? null;
  }

  private async read(no: string): Promise<Opened> {
    const [detail, events] = await Promise.all([api.case(no), api.history(no)]);
    const opened = { detail, history: events.items };
    this.opened.set(no, opened);
    return opened;
  }

  private async prefetch(no: string | null): Promise<void> {
    if (!no || this.opened.has(no)) return;
    const opened = await this.read(no).catch(() => null);
    const photo = opened?.detail.photos[0];
    if (photo?.state === "ok") new Image().src = photoUrl(photo, OVERVIEW_PX);
  }

  private async explain(error: unknown, no: string): Promise<void> {
    const { t } = this.state.words;
    const status = error instanceof ApiError ? error.status : -1;
    if (status === 409) {
      this.opened.delete(no);
      this.say(t.stale(no), "problem");
      await this.select(no);
      return this.refresh();
    }
    this.say(status === 0 ? t.offline : String((error as Error).message), "problem");
  }

  private async guard(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const { t } = this.state.words;
      this.say(error.status === 0 ? t.offline : error.message, "problem");
    }
  }
}

function queueOf(page: CasePage) {
  return { queue: page.items, total: page.total, next: page.next };
}
