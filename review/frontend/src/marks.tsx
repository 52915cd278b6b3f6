// What marks a case in a list: somebody works on it, was not sure of it, or has sent it back.

import { useWords } from "./i18n";
import { holderOf } from "./queue-order";
import type { ReviewStore } from "./store";
import type { ListedCase } from "./types";

export function Marks({ store, item }: { store: ReviewStore; item: ListedCase }) {
  const words = useWords();
  const { t } = words;
  const holder = holderOf(item, store.presence.me());
  return (
    <>
      {holder ? <span class="chip held">{t.heldMark(holder)}</span> : null}
      {item.unsure.length ? (
        <span class="chip unsure" title={t.unsureTitle}>
          {t.unsureMark(item.unsure.join(", "))}
        </span>
      ) : null}
      {item.sent_back ? <span class="chip alarm sent-back">{t.sentBack(words.reason(item.sent_back))}</span> : null}
    </>
  );
}
