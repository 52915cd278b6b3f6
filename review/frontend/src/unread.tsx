// In the place of a case that was asked for and could not be read: why, and the way on.

import { useWords } from "./i18n";
import type { ReviewStore } from "./store";

export function Unread({ store }: { store: ReviewStore }) {
  const { t } = useWords();
  const { unread, no } = store.state;
  if (!unread || unread.no !== no) return null;
  return (
    <div class="empty unread" role="alert">
      <strong>{unread.status === 404 ? t.unknownCase(no) : t.unread(no)}</strong>
      <p>{unread.status === 0 ? t.away : unread.status === 404 ? "" : unread.why}</p>
      <button type="button" onClick={() => void store.select(no)}>
        {t.readAgain}
      </button>
    </div>
  );
}
