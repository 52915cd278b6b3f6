// What is open at the page and what follows it; components only show it.

import { Address } from "./address";
import { api, ApiError, OVERVIEW_PX, photoUrl, type Filters } from "./api";
import { Arranging } from "./arranging";
import { Claims } from "./claims";
import { Decisions } from "./decisions";
import { HandWork } from "./hand-work";
import { rememberLanguage, Words, type Language } from "./i18n";
import { keepChoice, keptChoice } from "./kept-choice";
import { News } from "./news";
import { OpenCase } from "./open-case";
import { announce, isNewsTo } from "./own-news";
import { PlacePhotos, placePhotosOf } from "./place-photos";
import { Presence } from "./presence";
import { firstFree, queueOf, withCase } from "./queue-order";
import { Reach } from "./reach";
import { Several } from "./several";
import { firstStageOf, initialState, type Pane, type State, type Toast } from "./state";
import type {
  CaseDetail,
  Claim,
  Decision,
  HistoryEvent,
  Session,
} from "./types";

const POLL_MS = 15_000;
const TOAST_MS = 6_000;
/** The counts and the queue are read again so long after the last decision. */
const REFRESH_MS = 400;
/** So often claims and session go on, as long as somebody is at the page. */
const RENEW_MS = 60_000;
const PRESENT_MS = 2 * RENEW_MS;

export interface Opened {
  detail: CaseDetail;
  history: HistoryEvent[];
}

export class ReviewStore {
  state: State = initialState();

  private readonly listeners = new Set<() => void>();
  readonly opened = new Map<string, Opened>();
  readonly several = new Several(this);
  readonly handWork = new HandWork(this);
  readonly placePhotos = new PlacePhotos(this);
  readonly arranging = new Arranging(this);
  readonly presence = new Presence(this);
  readonly decisions = new Decisions(this);
  readonly address = new Address(this);
  readonly openCase = new OpenCase(this);
  private readonly reach = new Reach(this);
  readonly claims = new Claims(() => (this.presence.signsIn() ? undefined : this.state.inspector));
  readonly news = new News({
    changed: () => void this.guard(() => this.refresh()),
    broken: () => this.reach.doubt(),
    wants: (news) => isNewsTo(this, news),
    about: (no) => this.openCase.heard(no),
    arrived: (item) => {
      announce(this, item);
      this.set({});
    },
  });
  ahead: Promise<string | null> = Promise.resolve(null);
  private lastInput = Date.now();
  changes = 0;
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

  readonly closeDialog = (): void => this.set({ dialog: null });

  async start(): Promise<void> {
    this.address.listen();
    this.set({ signInProblem: this.presence.refusedElsewhere() });
    await this.guard(async () => this.enter(await api.session()));
    window.setInterval(() => this.presence.isIn() && this.reach.poll(), POLL_MS);
    window.setInterval(() => void this.stay(), RENEW_MS);
    for (const kind of ["pointerdown", "pointermove", "keydown"]) {
      window.addEventListener(kind, () => (this.lastInput = Date.now()), { passive: true });
    }
    window.addEventListener("pagehide", () => this.claims.keepOnly());
  }

  /** Who else works on the open case now. */
  holder(): Claim | null {
    const claim = this.state.detail?.claim;
    const isOthers = claim && claim.who !== this.presence.me() && Date.parse(claim.until) > Date.now();
    return isOthers && !this.state.claim ? claim : null;
  }

  showNews(): void {
    this.news.read();
    this.set({ dialog: "news" });
  }

  openNews(no: string): void {
    this.closeDialog();
    void this.choose(no, this.presence.casePane());
  }

  useSound(on: boolean): void {
    this.news.useSound(on);
    this.set({});
  }

  async enter(session: Session): Promise<void> {
    const roles = session.person?.roles ?? [];
    const role = this.presence.roleOf(roles);
    const stage = firstStageOf(role);
    const pane = this.presence.reviews(role) ? this.state.pane : "queue"; // where nothing is judged by the photo
    const filters = { ...initialState().filters, stage, ...keptChoice(session.person?.name ?? "") };
    this.set({ session, role, pane, filters });
    if (!this.presence.isIn()) return;
    this.news.listen(session.person?.name ?? ""); // before the queue is read, so that nothing falls between
    const wanted = this.address.wanted();
    this.set({ pane: this.address.kept() ?? (wanted && this.state.pane === "queue" ? "case" : this.state.pane) });
    await this.refresh(this.readVocabulary());
    const layers = this.guard(() => this.readLayers()); // a cell may be asked for before the case is there
    await this.selectOrClear(this.address.wanted() || (await this.nextFree())); // the address may have changed meanwhile
    await layers;
  }

  /** Show nothing of what the page knows any more, and ask who is there. */
  leave(problem: string): void {
    if (!this.presence.signsIn()) return;
    this.opened.clear();
    this.news.forget();
    this.decisions.forget();
    this.claims.keepOnly();
    this.address.name(null);
    const empty = { queue: [], total: 0, next: null, no: null, detail: null, history: [], summary: null };
    const nothing = { cells: null, zones: null, claim: null, dialog: null, toast: null, decided: 0 };
    this.set({ ...empty, ...nothing, session: { ...this.state.session!, person: null }, signInProblem: problem });
  }

  /** While somebody is at the page, their claims and session go on. */
  private async stay(): Promise<void> {
    if (Date.now() - this.lastInput > PRESENT_MS || !this.presence.isIn()) return;
    await this.guard(async () => {
      if (this.presence.signsIn()) await api.renewSession();
      await this.claims.renewAll();
      const { no } = this.state;
      if (no) this.set({ claim: this.claims.of(no) });
    });
  }

  /** Whether cases are taken here: those who review do, in the queue of what is to review. */
  claiming(): boolean {
    return this.presence.reviews() && !!this.presence.me() && this.state.filters.stage === "reported";
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

  private async readLayers(): Promise<void> {
    const [cells, zones] = await Promise.all([api.layer("cells"), api.layer("zones")]);
    this.set({ cells, zones });
  }

  private async readVocabulary(): Promise<void> {
    const vocabulary = await api.vocabulary();
    this.set({ vocabulary, words: new Words(this.state.words.language, vocabulary.utc_offset_hours) });
  }

  /** Read the counts and the queue again, shown once `also` is there; an answer older than a decision is of no use. */
  async refresh(also?: Promise<void>): Promise<void> {
    const { changes } = this;
    const filters = this.state.filters;
    const wanted = Math.max(this.state.queue.length, 1);
    const [summary, page] = await Promise.all([api.summary(), api.cases(filters, null, wanted), also]);
    if (filters !== this.state.filters || changes !== this.changes) return;
    if (this.state.picked) return this.set({ summary });
    this.set({ summary, ...queueOf(page, filters), loaded: true });
  }

  /** Once, after the last of several fast decisions. */
  refreshSoon(): void {
    window.clearTimeout(this.refreshTimer);
    this.refreshTimer = window.setTimeout(() => this.presence.isIn() && void this.guard(() => this.refresh()), REFRESH_MS);
  }

  /** Corners that are drawn and not saved must not be lost: says so, and that nothing else is done. */
  refuseWhileDrawing(): boolean {
    if (this.state.hand) this.say(this.state.words.t.drawingFirst, "problem");
    return this.state.hand !== null;
  }

  /** Choose another part of the queue; `stay` keeps a case open that there is something to do with. */
  async filter(filters: Partial<Filters>, stay: string | null = null): Promise<void> {
    if (this.refuseWhileDrawing()) return;
    this.set({ filters: { ...this.state.filters, ...filters }, queue: [], picked: null });
    keepChoice(this.state.session?.person?.name ?? "", this.state.filters);
    await this.guard(() => this.refresh());
    if (stay) await this.select(stay);
    if (stay && (this.state.no !== stay || this.state.detail?.allowed.length)) return;
    const inQueue = this.state.queue.some((item) => item.no === this.state.no);
    if (!inQueue) await this.guard(async () => this.selectOrClear(await this.nextFree()));
    else await this.holdOpen();
  }

  async loadMore(): Promise<void> {
    await this.guard(async () => {
      const page = await api.cases(this.state.filters, this.state.next);
      this.set(queueOf(page, this.state.filters, this.state.queue));
    });
  }

  /** Somebody wants to see a case. */
  async choose(no: string, pane?: Pane): Promise<void> {
    if (this.refuseWhileDrawing()) return;
    this.address.goTo(no, pane ?? this.state.pane);
    await this.select(no, pane);
  }

  async select(no: string, pane?: Pane): Promise<void> {
    const known = this.opened.get(no);
    this.address.name(no, pane);
    const claim = this.claims.of(no);
    this.set({ no, photoIndex: 0, claim, hand: null, earlier: null, ...(pane ? { pane } : {}), ...(known ?? {}) });
    const opening = this.open(no);
    this.ahead = opening.catch(() => null);
    await this.guard(async () => void (await opening));
  }

  private async open(no: string): Promise<string | null> {
    const { role } = this.state;
    const fresh = await this.read(no).catch((error: unknown) => this.reach.missed(no, error));
    if (this.state.no !== no || this.state.role !== role) return null; // what another role may do
    this.set({ ...fresh, unread: null, queue: withCase(this.state.queue, fresh.detail, this.state.filters) });
    const ahead = await this.hold(no);
    if (!this.claiming()) await this.prefetch(this.neighbour(1));
    return ahead;
  }

  async step(offset: number): Promise<void> {
    if (this.refuseWhileDrawing()) return;
    const free = offset > 0 && this.claiming() ? await this.following().catch(() => null) : null;
    const no = free ?? this.neighbour(offset);
    if (no) await this.select(no);
  }

  showPhoto(index: number): void {
    if (this.refuseWhileDrawing()) return;
    const count = (this.state.detail?.photos.length ?? 0) + placePhotosOf(this.state.history).length;
    if (count) this.set({ photoIndex: (index + count) % count, hand: null, earlier: null });
  }

  /** Lay the ground as an earlier patrol saw it over the photo, or take it away. */
  async swipe(): Promise<void> {
    const { no, detail, photoIndex, earlier, words } = this.state;
    const photo = detail?.photos[photoIndex];
    if (earlier || !no || !photo) return this.set({ earlier: null });
    await this.guard(async () => {
      const found = await api.before(no, photo);
      if (!found) this.say(words.t.noEarlier, "problem");
      if (this.state.no === no && this.state.photoIndex === photoIndex) this.set({ earlier: found });
    });
  }

  allows(decision: Decision): boolean {
    const { detail, no } = this.state;
    return detail?.no === no && !!detail?.allowed.includes(decision) && !this.holder();
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

  /** A case was changed by something else than a decision: show it as it is now. */
  async changed(detail: CaseDetail): Promise<void> {
    this.changes += 1;
    this.opened.delete(detail.no);
    const queue = this.state.queue.map((item) => (item.no === detail.no ? detail : item));
    this.set({ queue, ...(this.state.no === detail.no ? { detail } : {}) });
    await this.select(detail.no);
    this.refreshSoon();
  }

  async selectOrClear(no: string | null | undefined): Promise<void> {
    if (no) return this.select(no);
    this.address.name(null);
    this.claims.keepOnly();
    this.set({ no: null, detail: null, history: [], claim: null });
  }

  /** What is opened where nobody asked for a case: the next that nobody else works on. */
  async nextFree(after: string | null = null): Promise<string | null> {
    const { picked, filters, queue } = this.state;
    const free = this.claiming() && !picked ? await this.claims.next(filters, after) : null;
    if (free && free.no !== after) return free.no;
    return after ? null : (firstFree(queue, this.presence.me())?.no ?? null);
  }

  /** What this page has taken for after the open case; asked for anew where nothing was to be taken then. */
  async following(): Promise<string | null> {
    return (await this.ahead) ?? (await this.nextFree(this.state.no));
  }

  neighbour(offset: number): string | null {
    const { queue, no } = this.state;
    const at = queue.findIndex((item) => item.no === no);
    if (at < 0) return firstFree(queue, this.presence.me())?.no ?? null;
    return queue[at + offset]?.no ?? null;
  }

  async read(no: string): Promise<Opened> {
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

  /** Read something; that nothing answers is said by the mark, which stays until what is missing has been read. */
  guard(work: () => Promise<void>): Promise<void> {
    return work().catch((error: unknown) => {
      if (!(error instanceof ApiError) || error.status !== 0) this.refused(error);
    });
  }

  /** Change something. */
  attempt(work: () => Promise<void>): Promise<void> {
    return work().catch((error: unknown) => this.refused(error));
  }

  /** Say why the server refused, or ask who is there when the session has ended; what else goes wrong is our mistake. */
  refused(error: unknown): void {
    if (!(error instanceof ApiError)) throw error;
    if (error.status === 401) this.leave(this.state.words.ended(error));
    else if (error.status === 0) this.say(error.message || this.state.words.t.unsaved, "problem");
    else this.say(this.state.words.refusal(error), "problem");
  }
}
