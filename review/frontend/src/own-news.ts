// What somebody in a role is told of, and the figures that are theirs.

import { IN_HAND, stagesOf } from "./api";
import type { CaseNews, NewsItem } from "./news";
import type { ReviewStore } from "./store";
import type { Summary, Vocabulary } from "./types";

/** By these a case is new, or once more. */
export const FOUND: ReadonlySet<string> = new Set(["file", "refile"]);
/** By these a case comes into an officer's hands, comes back, or is pressed. */
const TO_OFFICERS: ReadonlySet<string> = new Set(["assign", "rework", "resume", "supervise"]);

/** Whether somebody is told: officers of what others want of them, all others of what was found. */
export function isNewsTo(store: ReviewStore, news: CaseNews): boolean {
  if (store.state.role !== "officer") return FOUND.has(news.action);
  return TO_OFFICERS.has(news.action) && news.actor !== store.presence.me();
}

/** Say at once what should not wait until somebody opens the list. */
export function announce(store: ReviewStore, item: NewsItem): void {
  const { words } = store.state;
  if (item.alert) return;
  if (TO_OFFICERS.has(item.action)) {
    const why = item.reason && `: ${words.reason(item.reason)}`;
    store.say(`${words.action(item.action)}${why} · ${item.no} ${item.place}`, "done");
  } else if (item.urgent) store.say(words.t.newUrgent(item.no, item.place), "done");
}

/** How much an officer has in hand, and how much of it is urgent. */
export function inHand(summary: Summary, vocabulary: Vocabulary | null): { count: number; urgent: number } {
  const own = summary.counts.filter(({ stage }) => stagesOf(IN_HAND).includes(stage));
  const isUrgent = (code: string) => vocabulary?.categories.find((entry) => entry.code === code)?.urgency === 1;
  const sum = (entries: typeof own) => entries.reduce((total, entry) => total + entry.count, 0);
  return { count: sum(own), urgent: sum(own.filter(({ category }) => isUrgent(category))) };
}
