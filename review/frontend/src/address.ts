// Which case and which pane the address bar and the browser's Back stand for.

import type { Pane } from "./state";
import type { ReviewStore } from "./store";

/** What an entry of the browser's history keeps besides the case: its place among ours, and the pane. */
interface Entry {
  at: number;
  pane: Pane;
}

const CASE = /^#\/case\/(.+)$/;
/** Where one pane is shown at a time, as in style.css. */
const NARROW = matchMedia("(width < 860px)");

export class Address {
  private at = 0;

  constructor(private readonly store: ReviewStore) {}

  listen(): void {
    window.addEventListener("popstate", (event) => this.moved(event.state as Entry | null));
  }

  /** The case that the address names; empty where it names none. */
  wanted(): string {
    try {
      return decodeURIComponent(location.hash.match(CASE)?.[1] ?? "");
    } catch {
      return ""; // not written by us
    }
  }

  /** The pane that was open before the page was loaded anew. */
  kept(): Pane | null {
    const entry = history.state as Entry | null;
    this.at = entry?.at ?? 0;
    return entry?.pane ?? null;
  }

  /** The present entry stands for what is shown now: what follows by itself leaves no trace. */
  name(no: string | null, pane: Pane = this.store.state.pane): void {
    history.replaceState(this.entry(pane), "", addressOf(no));
  }

  /** A person goes to another case, or on a phone to another pane: Back leads here again. */
  goTo(no: string | null, pane: Pane): void {
    const { state } = this.store;
    if (no === state.no && (pane === state.pane || !NARROW.matches)) return;
    this.at += 1;
    history.pushState(this.entry(pane), "", addressOf(no));
  }

  turnTo(pane: Pane): void {
    this.goTo(this.store.state.no, pane);
    this.store.set({ pane });
  }

  /** Back, Forward, or another address was typed. */
  private moved(entry: Entry | null): void {
    const { store } = this;
    const { no, pane, dialog } = store.state;
    if (!store.presence.isIn()) return; // whoever signs in is shown what the address names
    const wanted = this.wanted();
    const isList = NARROW.matches && entry?.pane === "queue"; // goes on with the case that is open
    const other = wanted !== "" && wanted !== no && !isList;
    if (dialog) store.closeDialog();
    if (dialog || (other && store.refuseWhileDrawing())) return this.stay(entry);
    this.at = entry?.at ?? this.at + 1;
    const to = entry?.pane ?? (pane === "queue" && wanted ? store.presence.casePane() : pane);
    if (other) return void store.select(wanted, to);
    store.set({ pane: to });
    this.name(no);
  }

  /** Return to the entry that is shown, wherever the browser has gone. */
  private stay(entry: Entry | null): void {
    const back = entry ? this.at - entry.at : -1;
    if (back) history.go(back); // 0 would load the page anew
  }

  private entry(pane: Pane): Entry {
    return { at: this.at, pane };
  }
}

const addressOf = (no: string | null): string =>
  no ? `#/case/${encodeURIComponent(no)}` : location.pathname + location.search;
