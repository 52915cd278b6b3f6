// What the page knows and what an inspector can do; components only show it.

import { api, ApiError, photoUrl, type Filters } from "./api";
import { Arranging } from "./arranging";
import { Claims } from "./claims";
import { HandWork } from "./hand-work";
import { initialLanguage, rememberLanguage, Words, type Language } from "./i18n";
import { News } from "./news";
import { OVERVIEW_PX } from "./photo-view";
import { Several } from "./several";
import type {
  CaseDetail,
  CaseItem,
  CasePage,
  Claim,
  Decision,
  EarlierPhoto,
  HistoryEvent,
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
  | "name"
  | "account"
  | "several"
  | "missed"
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
  queue: CaseItem[];
  /** To choose several from. */
  shown: CaseItem[];
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
  inspector: string;
  decided: number;
}

interface Opened {
  detail: CaseDetail;
  history: HistoryEvent[];
}

export interface Intent {
  decision: Decision;
  reason?: string;
  note?: string;
}

const POLL_MS = 15_000;
const TOAST_MS = 6_000;
/** The counts and the queue are read again so long after the last decision. */
const REFRESH_MS = 400;
const INSPECTOR_KEY = "aerogrid.inspector";
const ROLE_KEY = "aerogrid.role";
/** What waits for people of a role. */
const FIRST_STAGE: Record<string, string> = { officer: "assigned", operator: "" };
/** After these the next case is shown; after others the same one, since more of it may follow. */
const REVIEWS: ReadonlySet<Decision> = new Set<Decision>(["confirm", "reject", "reopen"]);
const REVIEWERS = ["inspector", "command", "administrator"];
/** So often claims and session go on, as long as somebody is at the page. */
const RENEW_MS = 60_000;
const PRESENT_MS = 2 * RENEW_MS;

export class ReviewStore {
  state: State = {
    words: new Words(initialLanguage()),
    session: null,
    role: "",
    signInProblem: "",
    claim: null,
    vocabulary: null,
    summary: null,
    cells: null,
    zones: null,
    filters: { stage: "reported", category: "" },
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
    inspector: localStorage.getItem(INSPECTOR_KEY) ?? "",
    decided: 0,
  };

  private readonly listeners = new Set<() => void>();
  private readonly opened = new Map<string, Opened>();
  readonly several = new Several(this);
  readonly handWork = new HandWork(this);
  readonly arranging = new Arranging(this);
  /** What was decided here, together where it was decided together. */
  private readonly decisions: { no: string; version: number }[][] = [];
  private readonly claims = new Claims(() => (this.signsIn() ? undefined : this.state.inspector));
  readonly news = new News({
    changed: () => void this.guard(() => this.refresh()),
    arrived: (item) => {
      if (item.urgent && !item.alert) this.say(this.state.words.t.newUrgent(item.no, item.place), "done");
      this.set({});
    },
  });
  private ahead: Promise<string | null> = Promise.resolve(null);
  private lastInput = Date.now();
  private changes = 0;
  /** The last decision on its way to the server, while the next case is shown already. */
  private saving: Promise<unknown> = Promise.resolve();
  private waiting: (() => void) | null = null;
  private toastTimer = 0;
  private refreshTimer = 0;

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  set(patch: Partial<State>): void {
    this.state = { ...this.state, ...patch };
    for (const listener of this.listeners) listener();
  }

  async start(): Promise<void> {
    await this.guard(async () => this.enter(await api.session()));
    window.setInterval(() => this.isIn() && void this.guard(() => this.refresh()), POLL_MS);
    window.setInterval(() => void this.stay(), RENEW_MS);
    for (const kind of ["pointerdown", "pointermove", "keydown"]) {
      window.addEventListener(kind, () => (this.lastInput = Date.now()), { passive: true });
    }
    window.addEventListener("pagehide", () => this.claims.keepOnly());
  }

  async signIn(name: string, password: string): Promise<void> {
    try {
      const session = await api.signIn(name, password);
      this.set({ signInProblem: "" });
      await this.guard(() => this.enter(session));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.set({ signInProblem: this.state.words.refusal(error.status, error.message) });
    }
  }

  async signOut(): Promise<void> {
    this.claims.keepOnly();
    await this.guard(async () => {
      await api.signOut();
      this.leave("");
    });
  }

  /** Act in another role of the account. */
  actAs(role: string): void {
    localStorage.setItem(ROLE_KEY, role);
    this.opened.clear();
    const { detail } = this.state;
    this.set({ role, dialog: null, detail: detail && { ...detail, allowed: [] } });
    if (this.state.no) void this.select(this.state.no);
  }

  /** The name that signs decisions here. */
  me(): string {
    return this.state.session?.person?.display_name ?? this.state.inspector;
  }

  signsIn(): boolean {
    return !!this.state.session?.asks_who;
  }

  /** Who else works on the open case now. */
  holder(): Claim | null {
    const claim = this.state.detail?.claim;
    const isOthers = claim && claim.who !== this.me() && Date.parse(claim.until) > Date.now();
    return isOthers && !this.state.claim ? claim : null;
  }

  showNews(): void {
    this.news.read();
    this.set({ dialog: "news" });
  }

  openNews(no: string): void {
    this.set({ dialog: null });
    void this.select(no);
  }

  useSound(on: boolean): void {
    this.news.useSound(on);
    this.set({});
  }

  private isIn(): boolean {
    return !!this.state.session && (!this.signsIn() || !!this.state.session.person);
  }

  private async enter(session: Session): Promise<void> {
    const roles = session.person?.roles ?? [];
    const kept = localStorage.getItem(ROLE_KEY) ?? "";
    const role = roles.includes(kept) ? kept : (roles[0] ?? "");
    const stage = FIRST_STAGE[role] ?? "reported";
    this.set({ session, role, filters: { ...this.state.filters, stage } });
    if (!this.isIn()) return;
    this.news.listen(session.person?.name ?? ""); // before the queue is read, so that nothing falls between
    const wanted = decodeURIComponent(location.hash.match(/^#\/case\/(.+)$/)?.[1] ?? "");
    const [vocabulary] = await Promise.all([api.vocabulary(), this.refresh()]);
    this.set({ vocabulary, words: new Words(this.state.words.language, vocabulary.utc_offset_hours) });
    const free = wanted || !this.claiming() ? null : await this.claims.next(this.state.filters, null);
    await this.selectOrClear(wanted || (free?.no ?? this.state.queue[0]?.no));
    const [cells, zones] = await Promise.all([api.layer("cells"), api.layer("zones")]);
    this.set({ cells, zones });
  }

  /** Show nothing of what the page knows any more, and ask who is there. */
  private leave(problem: string): void {
    if (!this.signsIn()) return;
    this.opened.clear();
    this.news.forget();
    this.decisions.length = 0;
    this.claims.keepOnly();
    history.replaceState(null, "", location.pathname + location.search);
    const empty = { queue: [], total: 0, next: null, no: null, detail: null, history: [], summary: null };
    const nothing = { cells: null, zones: null, claim: null, dialog: null, toast: null, decided: 0 };
    this.set({ ...empty, ...nothing, session: { asks_who: true, person: null }, signInProblem: problem });
  }

  /** While somebody is at the page, their claims and session go on. */
  private async stay(): Promise<void> {
    if (Date.now() - this.lastInput > PRESENT_MS || !this.isIn()) return;
    await this.guard(async () => {
      if (this.signsIn()) await api.renewSession();
      await this.claims.renewAll();
      const { no } = this.state;
      if (no) this.set({ claim: this.claims.of(no) });
    });
  }

  /** Whether the person's role reviews cases. */
  reviews(): boolean {
    return !this.signsIn() || REVIEWERS.includes(this.state.role);
  }

  /** Whether cases are taken here: those who review do, in the queue of what is to review. */
  private claiming(): boolean {
    return this.reviews() && !!this.me() && this.state.filters.stage === "reported";
  }

  /** Take the open case, and the one after it, so that it can be shown at once; tells that one. */
  private async hold(no: string): Promise<string | null> {
    if (!this.claiming() || this.state.detail?.stage !== "reported") {
      this.claims.keepOnly();
      this.set({ claim: null });
      return null;
    }
    try {
      const claim = await this.claims.take(no);
      if (this.state.no !== no) return null;
      this.set({ claim });
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 423) throw error;
      const fresh = await this.read(no);
      if (this.state.no === no) this.set({ ...fresh, claim: null });
    }
    const ahead = await this.lookAhead(no).catch(() => null); // asked again with the next step
    if (this.state.no === no) this.claims.keepOnly(no, ahead);
    void this.prefetch(ahead);
    return ahead;
  }

  /** What follows the open case is known when this has answered, however fast somebody decides. */
  holdOpen(): Promise<void> {
    const { no } = this.state;
    const holding = no ? this.hold(no) : Promise.resolve(null);
    this.ahead = holding.catch(() => null);
    return this.guard(async () => void (await holding));
  }

  private async lookAhead(no: string): Promise<string | null> {
    if (this.state.picked) {
      const following = this.neighbour(1);
      return following && (await this.claims.take(following)).no;
    }
    const claim = await this.claims.next(this.state.filters, no);
    return claim && claim.no !== no ? claim.no : null;
  }

  /** Read the counts and the queue again; an answer older than a decision is of no use. */
  async refresh(): Promise<void> {
    const { changes } = this;
    const filters = this.state.filters;
    const wanted = Math.max(this.state.queue.length, 1);
    const [summary, page] = await Promise.all([api.summary(), api.cases(filters, null, wanted)]);
    if (filters !== this.state.filters || changes !== this.changes) return;
    if (this.state.picked) return this.set({ summary });
    this.set({ summary, ...queueOf(page), loaded: true });
  }

  /** Once, after the last of several fast decisions. */
  private refreshSoon(): void {
    window.clearTimeout(this.refreshTimer);
    this.refreshTimer = window.setTimeout(() => this.isIn() && void this.guard(() => this.refresh()), REFRESH_MS);
  }

  async filter(filters: Partial<Filters>): Promise<void> {
    this.set({ filters: { ...this.state.filters, ...filters }, queue: [], picked: null });
    await this.guard(() => this.refresh());
    const inQueue = this.state.queue.some((item) => item.no === this.state.no);
    if (!inQueue) await this.selectOrClear(this.state.queue[0]?.no);
    else await this.holdOpen();
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
    const claim = this.claims.of(no);
    this.set({ no, photoIndex: 0, claim, hand: null, earlier: null, ...(pane ? { pane } : {}), ...(known ?? {}) });
    const opening = this.open(no);
    this.ahead = opening.catch(() => null);
    await this.guard(async () => void (await opening));
  }

  private async open(no: string): Promise<string | null> {
    const { role } = this.state;
    const fresh = await this.read(no);
    if (this.state.no !== no || this.state.role !== role) return null; // what another role may do
    this.set(fresh);
    const ahead = await this.hold(no);
    if (!this.claiming()) await this.prefetch(this.neighbour(1));
    return ahead;
  }

  async step(offset: number): Promise<void> {
    const free = offset > 0 && this.claiming() ? await this.ahead : null;
    const no = free ?? this.neighbour(offset);
    if (no) await this.select(no);
  }

  showPhoto(index: number): void {
    const count = this.state.detail?.photos.length ?? 0;
    if (count) this.set({ photoIndex: (index + count) % count, hand: null, earlier: null });
  }

  /** Lay the ground as an earlier patrol saw it over the photo, or take it away. */
  async swipe(): Promise<void> {
    const { no, detail, photoIndex, earlier, words } = this.state;
    const photo = detail?.photos[photoIndex];
    if (earlier || !no || !photo) return this.set({ earlier: null });
    try {
      const found = await api.before(no, photo);
      if (!found) this.say(words.t.noEarlier, "problem");
      if (this.state.no === no && this.state.photoIndex === photoIndex) this.set({ earlier: found });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.say(error.message || words.t.offline, "problem");
    }
  }

  allows(decision: Decision): boolean {
    const { detail, no } = this.state;
    return detail?.no === no && !!detail?.allowed.includes(decision) && !this.holder();
  }

  /** Decide on the open case and show the next one; asks for a name first if none is known. */
  async decide(intent: Intent): Promise<void> {
    const { detail, busy } = this.state;
    if (busy || !detail || !this.allows(intent.decision)) return;
    await this.saving;
    if (this.state.no !== detail.no) return; // what was decided before has come back
    if (!this.named(() => void this.decide(intent))) return;
    await this.send(detail.no, detail.version, intent);
  }

  async undo(): Promise<void> {
    await this.saving;
    if (this.state.busy) return;
    const last = this.decisions.at(-1);
    const { detail } = this.state;
    const target = last ?? (detail && this.allows("undo") ? [detail] : []);
    const [only] = target;
    if (!only) return this.say(this.state.words.t.nothingToUndo, "problem");
    if (!this.named(() => void this.undo())) return;
    if (last) this.decisions.pop();
    if (target.length > 1) return this.several.send(target, { decision: "undo" });
    await this.send(only.no, only.version, { decision: "undo" });
  }

  rename(inspector: string): void {
    localStorage.setItem(INSPECTOR_KEY, inspector);
    const then = this.waiting;
    this.waiting = null;
    this.set({ inspector, dialog: null });
    if (then) then();
    else void this.holdOpen();
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

  /** Whether it is known who decides; if not, asks, and goes on when it is. */
  named(then: () => void): boolean {
    if (this.me()) return true;
    this.waiting = then;
    this.set({ dialog: "name" });
    return false;
  }

  /** A case was changed by something else than a decision: show it as it is now. */
  async changed(detail: CaseDetail): Promise<void> {
    this.changes += 1;
    this.opened.delete(detail.no);
    const queue = this.state.queue.map((item) => (item.no === detail.no ? detail : item));
    this.set({ queue, ...(this.state.no === detail.no ? { detail } : {}) });
    await this.select(detail.no);
    this.refreshSoon();
  }

  /** Add a photo from the place; the server looks at it before it keeps it. */
  async attach(photo: Blob): Promise<void> {
    const { no, words } = this.state;
    if (!no || !this.named(() => void this.attach(photo))) return;
    this.set({ busy: true });
    await this.guard(async () => {
      await this.changed(await api.attach(no, photo, this.signature()));
      this.say(words.t.attached(no), "done");
    });
    this.set({ busy: false });
  }

  signature(): Record<string, string> {
    return this.signsIn() ? { role: this.state.role } : { actor: this.state.inspector };
  }

  /** Several were decided together: they leave the queue, and are undone together. */
  async settled(decided: CaseItem[], decision: Decision): Promise<void> {
    const undone = decision === "undo";
    this.changes += 1;
    for (const { no } of decided) {
      this.opened.delete(no);
      this.claims.forget(no);
    }
    if (!undone && decided.length) this.decisions.push(decided);
    const count = this.state.decided + (undone ? -decided.length : decided.length);
    this.set({ decided: Math.max(0, count) });
    await this.guard(() => this.refresh());
    const stays = this.state.queue.some((item) => item.no === this.state.no);
    if (!stays || decided.some((item) => item.no === this.state.no)) {
      await this.selectOrClear(stays ? this.state.no : this.state.queue[0]?.no);
    }
  }

  /** After a review the next case is shown at once; a decision that is not taken brings its case back. */
  private async send(no: string, version: number, intent: Intent): Promise<void> {
    const reviews = REVIEWS.has(intent.decision);
    this.set({ busy: true, dialog: null });
    const following = reviews ? await this.following() : no;
    const answer = api.decide(no, { ...intent, version, ...this.signature() });
    this.saving = answer.catch(() => null);
    this.claims.forget(no);
    if (reviews) {
      this.set({ busy: false });
      void this.selectOrClear(following);
    }
    try {
      this.settle(await answer, intent.decision);
    } catch (error) {
      this.set({ busy: false });
      await this.explain(error, no);
    }
  }

  /** What comes after the open case: what this page has taken for it, where cases are taken. */
  private async following(): Promise<string | null> {
    return (this.claiming() ? await this.ahead : null) ?? this.neighbour(1) ?? this.neighbour(-1);
  }

  /** What was decided stands; the counts catch up behind. */
  private settle(decided: CaseDetail, decision: Decision): void {
    const { t } = this.state.words;
    const undone = decision === "undo";
    this.changes += 1;
    this.opened.delete(decided.no);
    if (decided.allowed.includes("undo")) this.decisions.push([decided]);
    this.set({
      busy: false,
      queue: this.queueAfter(decided),
      decided: Math.max(0, this.state.decided + (undone ? -1 : 1)),
    });
    if (!REVIEWS.has(decision)) void this.select(decided.no);
    const text = { confirm: t.confirmed, reject: t.rejected, reopen: t.reopened, undo: t.undone };
    const told = decision in text ? text[decision as keyof typeof text](decided.no) : undefined;
    const said = told ?? t.stepped(decided.no, this.state.words.action(decision));
    this.say(said, "done", REVIEWS.has(decision));
    this.refreshSoon();
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
    this.claims.keepOnly();
    this.set({ no: null, detail: null, history: [], claim: null });
  }

  private neighbour(offset: number): string | null {
    const { queue, no } = this.state;
    const at = queue.findIndex((item) => item.no === no);
    if (at < 0) return queue[0]?.no ?? null;
    return queue[at + offset]?.no ?? null;
  }

  private async read(no: string): Promise<Opened> {
    const [detail, events] = await Promise.all([api.case(no, this.state.role), api.history(no)]);
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
    if (status === 401) return this.leave(t.sessionEnded);
    if (status === 409 || status === 423) {
      this.opened.delete(no);
      this.say(status === 423 ? t.inOtherHands(no) : t.stale(no), "problem");
      await this.select(no);
      return this.refresh();
    }
    this.say(status === 0 ? t.offline : String((error as Error).message), "problem");
    if (this.state.no !== no) await this.select(no);
  }

  private async guard(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const { t } = this.state.words;
      if (error.status === 401) return this.leave(t.sessionEnded);
      this.say(error.status === 0 ? t.offline : error.message, "problem");
    }
  }
}

function queueOf(page: CasePage) {
  return { queue: page.items, total: page.total, next: page.next };
}
