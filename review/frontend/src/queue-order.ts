// In which order the queue stands, and where a case belongs in it that was not read with it.

import { FOR_COMMAND, IN_HAND, stagesOf, type Filters, type Order } from "./api";
import type { CaseItem, CasePage, ListedCase } from "./types";

/** What comes first has the least, as on the server. */
const RANKS: Record<Order, (item: CaseItem) => number> = {
  urgency: ({ urgency, score }) => urgency - (score ?? 1) / 2,
  oldest: ({ last_seen }) => Date.parse(last_seen),
  newest: ({ last_seen }) => -Date.parse(last_seen),
};

/** What is in hand goes by when it is due, unless another order was chosen. */
function rankIn({ stage, order }: Filters): (item: ListedCase) => number {
  if (stage === FOR_COMMAND) return (item) => RANKS[order](item) - (item.stage === "fed_back" ? 1e13 : 0);
  if (stage !== IN_HAND || order !== "urgency") return RANKS[order];
  return ({ due_at }) => (due_at ? Date.parse(due_at) : Infinity);
}

/** The queue with a case of it that was not read with it, in its place. */
export function withCase(queue: ListedCase[], item: ListedCase, filters: Filters): ListedCase[] {
  const { stage, category, cell } = filters;
  const belongs = stagesOf(stage).includes(item.stage) && (!category || item.category === category) && (!cell || item.cell_code === cell);
  if (!belongs || queue.some(({ no }) => no === item.no)) return queue;
  const rank = rankIn(filters);
  const at = queue.findIndex((other) => rank(other) > rank(item));
  return at < 0 ? [...queue, item] : [...queue.slice(0, at), item, ...queue.slice(at)];
}

/** What was read; a list that goes by when cases are due can be put in order once all of it is there. */
export function queueOf(page: CasePage, filters: Filters, before: ListedCase[] = []) {
  const queue = [...before, ...page.items];
  const rank = rankIn(filters);
  if (filters.stage === IN_HAND && !page.next) queue.sort((a, b) => (rank(a) < rank(b) ? -1 : rank(a) > rank(b) ? 1 : 0));
  return { queue, total: page.total, next: page.next };
}

/** Who else works on a case of a list, as far as it was told. */
export function holderOf({ claim }: ListedCase, me: string): string | null {
  return claim && claim.who !== me && Date.parse(claim.until) > Date.now() ? claim.who : null;
}

/** The first that nobody else works on; where all are taken the first, which then says who has it. */
export const firstFree = (queue: ListedCase[], me: string): ListedCase | undefined =>
  queue.find((item) => !holderOf(item, me)) ?? queue[0];
