// Keeps the open case as the server has it, while other people go on with it.

import { placePhotosOf } from "./place-photos";
import type { Opened, ReviewStore } from "./store";
import type { CaseDetail } from "./types";

/** Whoever presses a key sooner after a change has not read it yet. */
const REFLEX_MS = 700;

export class OpenCase {
  /** A change is shown once the dialog is closed, or the outline saved, that it would disturb. */
  private isPutOff = false;
  private isLooking = false;
  private told = "";
  private changedAt = 0;
  private refusals = 0;

  constructor(private readonly store: ReviewStore) {
    store.subscribe(() => {
      if (!this.isPutOff || !this.isFree()) return;
      this.isPutOff = false;
      void this.look();
    });
  }

  /** Somebody has done something with a case. */
  heard(no: string): void {
    if (no === this.store.state.no) void this.look();
  }

  /** A step was refused, which is told, since somebody was first: what is being read is told no more. */
  overtaken(): void {
    this.refusals += 1;
  }

  /** Whether somebody else has changed it just before a decision, which then is about what was there. */
  hasJustChanged(): boolean {
    return Date.now() - this.changedAt < REFLEX_MS;
  }

  /** Read the open case anew, and show it where it has changed; unchanged, the server sends nothing (304). */
  async look(): Promise<void> {
    const { no, detail, busy } = this.store.state;
    const { refusals } = this;
    if (!no || detail?.no !== no) return; // is being read
    if (this.isLooking || busy) return void (this.isPutOff = true);
    this.isLooking = true;
    await this.store.guard(async () => {
      const fresh = await this.store.read(no);
      if (this.store.state.detail === detail && this.refusals === refusals) this.show(detail, fresh); // else something newer is shown
    });
    this.isLooking = false;
    if (this.isPutOff && this.isFree()) this.store.set({}); // asked for meanwhile
  }

  private isFree(): boolean {
    const { dialog, hand, busy } = this.store.state;
    return !dialog && !hand && !busy && !this.isLooking;
  }

  private show(before: CaseDetail, fresh: Opened): void {
    const { store } = this;
    const { state } = store;
    const isSamePhotos = isSame(before.photos, fresh.detail.photos);
    const isNews = before.version !== fresh.detail.version;
    if (isNews) this.tell(fresh);
    if (state.dialog || state.busy || (state.hand && !isSamePhotos)) {
      this.isPutOff ||= isNews;
      return;
    }
    if (isSame(before, fresh.detail) && isSame(state.history, fresh.history)) return;
    // the same value for the same photos, so that zoom and corners stay as they are
    const detail = isSamePhotos ? { ...fresh.detail, photos: before.photos } : fresh.detail;
    const queue = state.queue.map((item) => (item.no === detail.no ? detail : item));
    const photoIndex = Math.max(0, Math.min(state.photoIndex, detail.photos.length + placePhotosOf(fresh.history).length - 1));
    if (isNews) this.changedAt = Date.now();
    if (detail.stage !== before.stage) store.claims.forget(detail.no); // the step has ended it
    store.set({ detail, queue, photoIndex, history: fresh.history, claim: store.claims.of(detail.no) });
    if (detail.stage !== before.stage) void store.holdOpen();
  }

  private tell({ detail, history }: Opened): void {
    const { words } = this.store.state;
    const last = history.at(-1);
    const change = `${detail.no} ${detail.version}`;
    if (!last || last.actor === this.store.presence.me() || this.told === change) return;
    this.told = change;
    this.store.say(words.t.changedBy(detail.no, words.actor(last.actor), words.action(last.action)), "done");
  }
}

const isSame = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);
