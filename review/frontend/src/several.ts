// Several cases at once: which are shown and chosen, decided together or looked at one after another.

import { api } from "./api";
import type { Intent } from "./state";
import type { ReviewStore } from "./store";
import type { CaseItem, Refused } from "./types";

/** The server takes no more in one request. */
const MOST = 200;

export class Several {
  constructor(private readonly store: ReviewStore) {}

  /** Show the queue to choose from, or cases that were chosen on the map. */
  open(numbers?: string[]): void {
    if (this.store.refuseWhileDrawing()) return;
    const { queue } = this.store.state;
    const shown = numbers ? queue.filter((item) => numbers.includes(item.no)) : queue;
    if (shown.length === 0 || !this.store.presence.reviews()) return;
    this.store.set({ dialog: "several", shown, chosen: (numbers ?? []).slice(0, MOST) });
  }

  toggle(no: string): void {
    const { chosen } = this.store.state;
    const without = chosen.filter((entry) => entry !== no);
    if (without.length < chosen.length) return this.store.set({ chosen: without });
    if (chosen.length < MOST) this.store.set({ chosen: [...chosen, no] });
  }

  all(): void {
    const numbers = this.store.state.shown.slice(0, MOST).map((item) => item.no);
    this.store.set({ chosen: this.store.state.chosen.length === numbers.length ? [] : numbers });
  }

  /** Look at the chosen ones only, one after another. */
  async stepThrough(): Promise<void> {
    const { chosen, shown } = this.store.state;
    const queue = shown.filter((item) => chosen.includes(item.no));
    this.store.set({ dialog: null, picked: chosen, queue, total: queue.length, next: null });
    if (queue[0]) await this.store.select(queue[0].no, "photo");
  }

  /** Show the whole queue again. */
  async leave(): Promise<void> {
    await this.store.filter({});
  }

  async decide(intent: Intent): Promise<void> {
    const { chosen, shown, busy } = this.store.state;
    const cases = shown.filter((item) => chosen.includes(item.no));
    if (busy || cases.length === 0) return;
    if (!this.store.presence.named(() => void this.decide(intent))) return;
    await this.send(cases, intent);
  }

  async send(cases: Pick<CaseItem, "no" | "version">[], intent: Intent): Promise<void> {
    const { store } = this;
    const seen = cases.map(({ no, version }) => ({ no, version }));
    store.set({ busy: true, dialog: null });
    try {
      const { decided, refused } = await api.decideTogether({ ...intent, ...store.presence.signature(), cases: seen });
      store.set({ busy: false, chosen: [] });
      await store.decisions.settled(decided, intent.decision);
      store.say(this.told(intent, decided.length, refused), refused.length ? "problem" : "done", decided.length > 0 && intent.decision !== "undo");
    } catch (error) {
      store.set({ busy: false });
      store.refused(error);
    }
  }

  private told(intent: Intent, count: number, refused: Refused[]): string {
    const { words } = this.store.state;
    const done = words.t.together(words.number(count), words.action(intent.decision));
    if (refused.length === 0) return done;
    const left = refused.slice(0, 3).map(({ no, why }) => `${no}: ${words.t.refusals[why]}`);
    const more = refused.length > left.length ? ["…"] : [];
    return `${done} ${words.t.leftOut(words.number(refused.length))} ${[...left, ...more].join("; ")}`;
  }
}
