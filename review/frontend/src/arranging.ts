// Cases that wait, are one thing, or are two: what an inspector arranges, sent to the server.

import { api } from "./api";
import type { ReviewStore } from "./store";
import type { CaseDetail, CaseItem, OutlineName } from "./types";

const ARRANGES = ["inspector", "administrator", ""];
const STAGES = ["reported", "established"];

export class Arranging {
  constructor(private readonly store: ReviewStore) {}

  /** Whether the open case may be merged and split; the server decides. */
  may(): boolean {
    const { role, detail, no } = this.store.state;
    return ARRANGES.includes(role) && detail?.no === no && !!detail && STAGES.includes(detail.stage) && !this.store.holder();
  }

  maySplit(): boolean {
    return this.may() && this.outlines().length > 1;
  }

  askSnooze(): void {
    if (!this.store.allows("snooze")) return this.refuse();
    this.store.set({ dialog: "snooze" });
  }

  askSplit(): void {
    if (!this.may()) return this.refuse();
    if (!this.maySplit()) return this.store.say(this.words().t.oneOutline, "problem");
    this.store.set({ dialog: "split" });
  }

  /** Leave the open case to somebody else; it waits on, and is not given to this person again. */
  unsure(): Promise<void> | void {
    if (!this.may() || !this.store.allows("confirm")) return this.refuse();
    return this.sending(async (detail) => {
      await api.unsure(detail.no, { version: detail.version, ...this.store.presence.signature() });
      this.store.claims.forget(detail.no);
      this.store.opened.delete(detail.no);
      await this.store.selectOrClear(await this.store.decisions.following());
      this.store.refreshSoon();
      this.store.decisions.remark(this.words().t.undoUnsure(detail.no));
      this.store.say(this.words().t.leftUnsure(detail.no), "done");
    });
  }

  /** Show what could be the same thing; null until the server has told. */
  async askMerge(): Promise<void> {
    const { no } = this.store.state;
    if (!no || !this.may()) return this.refuse();
    this.store.set({ dialog: "merge", near: null });
    try {
      const { items } = await api.near(no);
      if (this.store.state.no === no) this.store.set({ near: items });
    } catch (error) {
      await this.store.decisions.explain(error, no);
    }
  }

  /** Every outline of the open case, by the name under which the server knows it. */
  outlines(): OutlineName[] {
    const photos = this.store.state.detail?.photos ?? [];
    return photos.flatMap(({ patrol_id, photo_id, outlines }) => outlines.map((_, index) => ({ patrol_id, photo_id, index })));
  }

  snooze(days: number, radius_m: number, reason: string): Promise<void> {
    return this.sending(async (detail) => {
      const body = { version: detail.version, days, radius_m, reason, ...this.store.presence.signature() };
      const { decided, refused } = await api.snooze(detail.no, body);
      await this.store.decisions.settled(decided, "snooze");
      const { t, number } = this.words();
      const left = refused.length ? ` ${t.leftOut(number(refused.length))} ${refused.map((entry) => entry.no).join(", ")}` : "";
      this.store.say(t.snoozed(number(decided.length), days) + left, "done", true);
    });
  }

  merge(other: CaseItem): Promise<void> {
    return this.sending(async (detail) => {
      const seen = { version: detail.version, other: other.no, other_version: other.version };
      const merged = await api.merge(detail.no, { ...seen, ...this.store.presence.signature() });
      await this.store.decisions.settled([merged.other], "reject");
      await this.store.changed(merged.case);
      this.store.say(this.words().t.mergedInto(other.no, detail.no), "done", true);
    });
  }

  split(outlines: OutlineName[]): Promise<void> {
    return this.sending(async (detail) => {
      const fresh = await api.split(detail.no, { version: detail.version, outlines, ...this.store.presence.signature() });
      await this.store.changed(fresh);
      this.store.decisions.remark(this.words().t.undoSplit(detail.no));
      this.store.say(this.words().t.splitOff(fresh.no, detail.no), "done");
    });
  }

  /** A key was pressed for what the open case does not allow; without a case it means nothing. */
  private refuse(): void {
    if (this.store.state.detail) this.store.say(this.words().t.notNow, "problem");
  }

  private words() {
    const { words } = this.store.state;
    return { t: words.t, number: words.number.bind(words) };
  }

  private async sending(work: (detail: CaseDetail) => Promise<void>): Promise<void> {
    const { detail, busy } = this.store.state;
    if (!detail || busy || !this.store.presence.named(() => void this.sending(work))) return;
    this.store.set({ busy: true, dialog: null });
    try {
      await work(detail);
    } catch (error) {
      this.store.set({ busy: false });
      return this.store.decisions.explain(error, detail.no);
    }
    this.store.set({ busy: false });
  }
}
