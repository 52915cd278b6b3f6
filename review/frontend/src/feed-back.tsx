// Asked once before a case is fed back as handled: what shows it, and what is to be said of it.

import { useRef } from "preact/hooks";
import { placePhotoUrl } from "./api";
import { useWords } from "./i18n";
import { freshPhotosOf } from "./place-photos";
import { Sheet } from "./sheet";
import { AddPhoto } from "./steps";
import type { ReviewStore } from "./store";

export function FeedBack({ store }: { store: ReviewStore }) {
  const { t } = useWords();
  const note = useRef<HTMLInputElement>(null);
  const { detail, history, busy } = store.state;
  if (!detail) return null;
  const photos = freshPhotosOf(history);
  const send = (event: Event) => {
    event.preventDefault();
    void store.decisions.decide({ decision: "feed_back", note: note.current?.value.trim() ?? "" });
  };
  return (
    <Sheet onClose={store.closeDialog} title={t.feedBackTitle(detail.no)}>
      <p class={photos.length ? "" : "warning"} role="status">
        {photos.length ? t.feedBackPhotos(photos.length) : t.feedBackNone}
      </p>
      {photos.length ? (
        <ul class="added-photos">
          {photos.map(({ sha256 }) => (
            <li key={sha256}>
              <img src={placePhotoUrl(detail.no, sha256)} alt={t.placePhoto} width="84" height="84" loading="lazy" />
            </li>
          ))}
        </ul>
      ) : null}
      <AddPhoto store={store} detail={detail} />
      <form class="ask" onSubmit={send}>
        <label>
          {t.reasonNote}
          <input ref={note} type="text" maxLength={300} defaultValue={store.decisions.written("feed_back").note ?? ""} />
        </label>
        <button type="submit" class="primary" disabled={busy}>
          {t.steps.feed_back}
        </button>
      </form>
    </Sheet>
  );
}
