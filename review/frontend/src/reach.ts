// Whether the server answers; while it does not, it is asked again, and what was missing is read when it is back.

import { api, ApiError, reach } from "./api";
import type { ReviewStore } from "./store";

const ASK_AGAIN_MS = 3_000;

export class Reach {
  private timer = 0;

  constructor(private readonly store: ReviewStore) {
    reach.lost = () => this.lost();
  }

  /** A stream of news has broken off: perhaps nothing answers any more. */
  doubt(): void {
    if (!this.timer) void this.ask();
  }

  /** A request has come to nothing. */
  private lost(): void {
    if (this.timer) return;
    this.timer = window.setInterval(() => void this.ask(), ASK_AGAIN_MS);
    this.store.set({ away: true });
  }

  private async ask(): Promise<void> {
    const answers = await api.health().then(
      () => true,
      () => false, // has told of it by itself, where nothing answered
    );
    if (!answers || !this.timer) return;
    window.clearInterval(this.timer);
    this.timer = 0;
    this.store.set({ away: false, returns: this.store.state.returns + 1 });
    await this.catchUp();
  }

  /** Look whether anything has changed that no news told of. */
  poll(): void {
    void this.store.guard(() => this.store.refresh());
    void this.store.openCase.look();
  }

  /** A case could not be read: say so in its place, and show nothing of another one there. */
  missed(no: string, error: unknown): never {
    const { store } = this;
    if (store.state.no === no && error instanceof ApiError && error.status !== 401) {
      const unread = { no, status: error.status, why: error.message };
      store.set({ unread, ...(store.opened.has(no) ? {} : { detail: null, history: [] }) });
    }
    throw error;
  }

  private async catchUp(): Promise<void> {
    const { store } = this;
    const { no, unread, cells } = store.state;
    if (!cells) return store.guard(async () => store.enter(await api.session())); // it had just begun
    if (!store.presence.isIn()) return;
    this.poll();
    if (no && unread) await store.select(no);
  }
}
