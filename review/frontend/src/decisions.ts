// What is decided on the open case, what becomes of it, and the way back.

import { api, ApiError, stagesOf } from "./api";
import type { Intent } from "./state";
import type { ReviewStore } from "./store";
import type { CaseDetail, CaseItem, Decision, ListedCase } from "./types";

/** After these the next case is shown; after others the same one, since more of it may follow. */
const REVIEWS: ReadonlySet<Decision> = new Set<Decision>(["confirm", "reject", "reopen"]);

/** After these, too: the next one of which the same may be done, those of these stages. */
const ONWARD: Partial<Record<Decision, string[]>> = { assign: ["established"], feed_back: ["handling", "assigned"], close: ["fed_back"] };

const leaves = (decision: Decision) => REVIEWS.has(decision) || decision in ONWARD;

export class Decisions {
  /** What was decided here, together where it was decided together; or why it is not taken back. */
  private taken: ({ no: string; version: number }[] | string)[] = [];
  /** The last decision on its way to the server, while the next case is shown already. */
  private saving: Promise<unknown> = Promise.resolve();

  /** What was not taken last, so that nobody has to write its note again. */
  private unsent: { no: string; intent: Intent } | null = null;

  constructor(private readonly store: ReviewStore) {}

  forget(): void {
    this.taken = [];
    this.unsent = null;
  }

  /** What somebody wrote for a step of the open case that was not taken. */
  written(decision: Decision): { reason?: string; note?: string } {
    const { no, intent } = this.unsent ?? {};
    return intent?.decision === decision && no === this.store.state.no ? intent : {};
  }

  /** Something was done that U does not take back: say so, before it takes back what was decided earlier. */
  remark(why: string): void {
    this.taken.push(`${why} ${this.store.state.words.t.undoAgain}`);
  }

  /** Decide on the open case and show the next one; asks for a name first if none is known. */
  async decide(intent: Intent): Promise<void> {
    const { detail, busy } = this.store.state;
    if (this.store.refuseWhileDrawing()) return;
    if (busy || !detail || !this.store.allows(intent.decision)) return;
    if (!this.store.state.dialog && this.store.openCase.hasJustChanged()) return this.store.say(this.store.state.words.t.stale(detail.no), "problem");
    await this.saving;
    if (this.store.state.no !== detail.no) return; // what was decided before has come back
    if (!this.store.presence.named(() => void this.decide(intent))) return;
    await this.send(detail.no, detail.version, intent);
  }

  async undo(): Promise<void> {
    if (this.store.refuseWhileDrawing()) return;
    await this.saving;
    if (this.store.state.busy) return;
    const last = this.taken.at(-1);
    if (typeof last === "string") {
      this.taken.pop();
      return this.store.say(last, "problem");
    }
    const { detail } = this.store.state;
    const target = last ?? (detail && this.store.allows("undo") ? [detail] : []);
    const [only] = target;
    if (!only) return this.store.say(this.store.state.words.t.nothingToUndo, "problem");
    if (!this.store.presence.named(() => void this.undo())) return;
    if (last) this.taken.pop();
    if (target.length > 1) return this.store.several.send(target, { decision: "undo" });
    await this.send(only.no, only.version, { decision: "undo" });
  }

  /** Several were decided together: they leave the queue, and are undone together. */
  async settled(decided: CaseItem[], decision: Decision): Promise<void> {
    const undone = decision === "undo";
    this.store.changes += 1;
    for (const { no } of decided) {
      this.store.opened.delete(no);
      this.store.claims.forget(no);
    }
    if (!undone && decided.length) this.taken.push(decided);
    const count = this.store.state.decided + (undone ? -decided.length : decided.length);
    this.store.set({ decided: Math.max(0, count) });
    await this.store.guard(() => this.store.refresh());
    const stays = this.store.state.queue.some((item) => item.no === this.store.state.no);
    if (!stays || decided.some((item) => item.no === this.store.state.no)) {
      await this.store.guard(async () => this.store.selectOrClear(stays ? this.store.state.no : await this.store.nextFree()));
    }
  }

  /** After a review the next case is shown at once; a decision that is not taken brings its case back. */
  private async send(no: string, version: number, intent: Intent): Promise<void> {
    const leaving = leaves(intent.decision);
    const { pane } = this.store.state;
    this.store.set({ busy: true, dialog: null });
    const following = leaving ? await this.following(ONWARD[intent.decision]) : no;
    const answer = api.decide(no, { ...intent, version, ...this.store.presence.signature() });
    this.saving = answer.catch(() => null);
    this.store.claims.forget(no);
    if (leaving) {
      this.store.set({ busy: false, ...(following || this.store.presence.reviews() ? {} : { pane: "queue" }) });
      void this.store.selectOrClear(following);
    }
    try {
      this.settle(await answer, intent.decision);
    } catch (error) {
      this.unsent = { no, intent };
      this.store.set({ busy: false, ...(following ? {} : { pane }) });
      await this.explain(error, no);
    }
  }

  /** What comes after the open case: what this page has taken for it, where cases are taken. */
  async following(stages?: string[]): Promise<string | null> {
    const { store } = this;
    if (stages) return this.nextOf(stages) ?? this.nextOf(stagesOf(store.state.filters.stage));
    return (store.claiming() ? await store.following() : null) ?? store.neighbour(1) ?? store.neighbour(-1);
  }

  /** The next case of the list in one of some stages, from its beginning where none follows. */
  private nextOf(stages: string[]): string | null {
    const { queue, no } = this.store.state;
    const at = queue.findIndex((item) => item.no === no);
    const others = [...queue.slice(at + 1), ...queue.slice(0, Math.max(at, 0))];
    return others.find((item) => stages.includes(item.stage))?.no ?? null;
  }

  /** What was decided stands; the counts catch up behind. */
  private settle(decided: CaseDetail, decision: Decision): void {
    const { t } = this.store.state.words;
    const undone = decision === "undo";
    const queue = this.queueAfter(decided);
    this.store.changes += 1;
    this.store.opened.delete(decided.no);
    if (this.unsent?.no === decided.no) this.unsent = null;
    if (decided.allowed.includes("undo")) this.taken.push([decided]);
    this.store.set({
      busy: false,
      queue,
      total: this.store.state.total + queue.length - this.store.state.queue.length,
      decided: Math.max(0, this.store.state.decided + (undone ? -1 : 1)),
    });
    if (!leaves(decision)) void this.store.select(decided.no);
    const text = { confirm: t.confirmed, reject: t.rejected, reopen: t.reopened, undo: t.undone };
    const told = decision in text ? text[decision as keyof typeof text](decided.no) : undefined;
    const said = told ?? t.stepped(decided.no, this.store.state.words.action(decision));
    this.store.say(said, "done", REVIEWS.has(decision));
    this.store.refreshSoon();
  }

  private queueAfter(decided: CaseDetail): ListedCase[] {
    const { filters, queue } = this.store.state;
    const stays = !filters.stage || stagesOf(filters.stage).includes(decided.stage);
    const known = queue.some((item) => item.no === decided.no);
    if (stays && !known) return [decided, ...queue];
    if (stays) return queue.map((item) => (item.no === decided.no ? decided : item));
    return queue.filter((item) => item.no !== decided.no);
  }

  /** Say why a step was not taken, and show the case as it is now. */
  async explain(error: unknown, no: string): Promise<void> {
    this.store.refused(error);
    if (!this.store.presence.isIn()) return;
    const isOvertaken = error instanceof ApiError && [409, 423].includes(error.status);
    if (isOvertaken) {
      this.store.opened.delete(no);
      this.store.openCase.overtaken();
    }
    if (isOvertaken || this.store.state.no !== no) await this.store.select(no);
    if (isOvertaken) await this.store.refresh();
  }
}
