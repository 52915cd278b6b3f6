// Lists of several stages one after another, as if they were one.

import type { CasePage } from "./types";

type Read = (stage: string, after: string | null, most?: number) => Promise<CasePage>;

/** The part that follows `after`, `STAGE|NUMBER` of the part before; null for the first. */
export async function inTurn(stages: string[], after: string | null, read: Read): Promise<CasePage> {
  const [from = stages[0]!, no = null] = after?.split("|") ?? [];
  const begin = stages.indexOf(from);
  const pages = await Promise.all(
    stages.map((stage, nth) => (nth < begin ? read(stage, null, 1) : read(stage, nth === begin ? no : null))),
  );
  const total = pages.reduce((sum, page) => sum + page.total, 0);
  const end = pages.findIndex((page, nth) => nth >= begin && page.next !== null);
  const items = pages.slice(begin, end < 0 ? undefined : end + 1).flatMap((page) => page.items);
  return { items, total, next: end < 0 ? null : `${stages[end]}|${pages[end]!.next}` };
}
