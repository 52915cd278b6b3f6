// The part of the queue that somebody has chosen, kept while the page is loaded anew in this tab.

import type { Filters } from "./api";

const KEY = "aerogrid.choice";

export function keepChoice(who: string, filters: Filters): void {
  sessionStorage.setItem(`${KEY}.${who}`, JSON.stringify(filters));
}

/** What somebody chose here before; nothing where they chose nothing yet. */
export function keptChoice(who: string): Partial<Filters> {
  return JSON.parse(sessionStorage.getItem(`${KEY}.${who}`) ?? "{}") as Partial<Filters>;
}
