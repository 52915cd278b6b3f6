// What a person draws in a photo, sent to the server: corrected outlines and missed objects.

import { api } from "./api";
import type { Corrected } from "./drawing";
import type { PhotoView } from "./photo-view";
import type { ReviewStore } from "./store";
import type { CaseDetail, Ring } from "./types";

const DRAWS = ["inspector", "administrator", ""];
const STAGES = ["reported", "established"];

export class HandWork {
  /** Drawn around something that was missed, until its class is chosen. */
  private missed: Ring | null = null;

  constructor(private readonly store: ReviewStore) {}

  /** Whether outlines of the open case may be corrected; the server decides. */
  mayDraw(): boolean {
    const { role, detail } = this.store.state;
    return DRAWS.includes(role) && !!detail && STAGES.includes(detail.stage) && !this.store.holder() && this.photo()?.state === "ok";
  }

  correct(): void {
    const hindrance = this.hindrance() || (this.photo()?.outlines.length ? "" : this.store.state.words.t.notInPhoto);
    if (hindrance) return this.store.say(hindrance, "problem");
    this.store.set({ hand: "correcting", outlineOn: true });
  }

  draw(): void {
    const hindrance = this.hindrance();
    if (hindrance) return this.store.say(hindrance, "problem");
    this.store.set({ hand: "drawing", outlineOn: true });
  }

  /** Why nothing is drawn now; empty where it is. */
  private hindrance(): string {
    const { t } = this.store.state.words;
    const holder = this.store.holder();
    if (holder) return t.heldDraws(holder.no, holder.who);
    if (this.photo() && this.photo()?.state !== "ok") return this.photo()?.state === "changed" ? t.photoChanged : t.photoMissing;
    return this.mayDraw() ? "" : t.notNow;
  }

  /** A single step of the outline that is being drawn or corrected, back or once more. */
  turn(way: "back" | "again", view: PhotoView | null): void {
    const { hand, words } = this.store.state;
    if (!hand || view?.turn(way)) return;
    this.store.say(way === "back" ? words.t.noStepBack : words.t.noStepAgain, "problem");
  }

  drawn(corners: Ring): void {
    this.missed = corners;
    this.store.set({ dialog: "missed" });
  }

  async save(view: PhotoView | null): Promise<void> {
    const { state } = this.store;
    if (state.hand !== "correcting" || state.busy) return;
    const changed = view?.corrected() ?? [];
    if (changed.length === 0) return this.store.set({ hand: null });
    if (!this.store.presence.named(() => void this.save(view))) return;
    await this.sending(async () => {
      const detail = await this.send(changed);
      if (detail) await this.store.changed(detail);
      this.store.decisions.remark(state.words.t.undoCorrected(state.no ?? ""));
      this.store.say(state.words.t.corrected(state.no ?? ""), "done");
    });
  }

  async add(className: string): Promise<void> {
    const corners = this.missed;
    if (!corners) return;
    if (!this.store.presence.named(() => void this.add(className))) return;
    this.missed = null;
    await this.sending(async () => {
      const detail = await api.draw({ ...this.named(corners), class_name: className });
      await this.store.changed(detail);
      this.store.decisions.remark(this.store.state.words.t.undoAdded(detail.no));
      this.store.say(this.store.state.words.t.added(detail.no), "done");
    });
  }

  /** The open case shows something else than the model said: the class of that number. */
  async reclassify(number: number): Promise<void> {
    const { detail, busy, vocabulary, words } = this.store.state;
    const chosen = vocabulary?.classes[number - 1];
    if (vocabulary && !chosen) return this.store.say(words.t.noSuchClass(vocabulary.classes.length), "problem");
    if (!detail || !chosen || busy) return;
    if (!this.store.arranging.may()) return this.store.say(words.t.notNow, "problem");
    const name = words.label(chosen.label);
    if (chosen.name === detail.class_name) return this.store.say(words.t.sameClass(name), "problem");
    if (!this.store.presence.named(() => void this.reclassify(number))) return;
    await this.sending(async () => {
      const body = { version: detail.version, class_name: chosen.name, ...this.store.presence.signature() };
      await this.store.changed(await api.reclassify(detail.no, body));
      this.store.decisions.remark(words.t.undoClass(detail.no));
      this.store.say(words.t.reclassified(detail.no, name), "done");
    });
  }

  private async send(changed: Corrected[]): Promise<CaseDetail | null> {
    let { detail } = this.store.state;
    for (const { index, corners } of changed) {
      if (detail) detail = await api.correct(detail.no, { ...this.named(corners), index, version: detail.version });
    }
    return detail;
  }

  private named(corners: Ring) {
    const { patrol_id, photo_id } = this.photo()!;
    return { patrol_id, photo_id, corners, ...this.store.presence.signature() };
  }

  private photo() {
    const { detail, photoIndex } = this.store.state;
    return detail?.photos[photoIndex];
  }

  private async sending(work: () => Promise<void>): Promise<void> {
    this.store.set({ busy: true, dialog: null });
    try {
      await work();
      this.store.set({ busy: false, hand: null });
    } catch (error) {
      this.store.set({ busy: false, hand: null });
      this.store.refused(error);
    }
  }
}
