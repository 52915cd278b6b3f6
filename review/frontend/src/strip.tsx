// The photos of a case side by side: those of the patrols, then those from the place.

import { photoUrl, placePhotoUrl } from "./api";
import { useWords } from "./i18n";
import type { PhotoView } from "./photo-view";
import { Picture } from "./picture";
import type { PlacePhoto } from "./place-photos";
import type { ReviewStore } from "./store";
import type { CaseDetail } from "./types";

export function Strip({ store, detail, placed }: { store: ReviewStore; detail: CaseDetail; placed: PlacePhoto[] }) {
  const words = useWords();
  const { t } = words;
  const count = detail.photos.length;
  return (
    <div class="strip" role="group" aria-label={t.otherPhotos}>
      {detail.photos.map((photo, index) => (
        <button
          key={`${photo.patrol_id}/${photo.photo_id}`}
          type="button"
          aria-current={index === store.state.photoIndex ? "true" : undefined}
          aria-label={t.photoOf(index + 1, count)}
          title={photo.photo_id}
          onClick={() => store.showPhoto(index)}
        >
          {photo.state !== "ok" ? <span>?</span> : <Picture src={photoUrl(photo, 200)} returns={store.state.returns} />}
        </button>
      ))}
      {placed.map(({ sha256, by, at }, index) => (
        <button
          key={sha256}
          type="button"
          class="placed"
          aria-current={count + index === store.state.photoIndex ? "true" : undefined}
          aria-label={t.placePhotoBy(words.actor(by), words.time(at))}
          title={t.placePhotoBy(words.actor(by), words.time(at))}
          onClick={() => store.showPhoto(count + index)}
        >
          <Picture src={placePhotoUrl(detail.no, sha256)} returns={store.state.returns} />
          <span class="mark-placed">{t.atPlace}</span>
        </button>
      ))}
    </div>
  );
}

/** How large a photo from the place is only its file says; nothing is shown that was left meanwhile. */
export function showPlaced(view: PhotoView, url: string, name: string): () => void {
  const image = new Image();
  image.onload = () =>
    view.show({ photo: { photo_id: name, patrol_id: "" }, url, width: image.naturalWidth, height: image.naturalHeight, outlines: [] });
  image.onerror = () => view.clear();
  image.src = url;
  return () => (image.onload = image.onerror = null);
}

export function PlacedNotes({ placed }: { placed: PlacePhoto }) {
  const words = useWords();
  return (
    <div class="photo-notes">
      <span class="chip">{words.t.placePhoto}</span>
      <span>{words.t.addedBy(words.actor(placed.by), words.time(placed.at))}</span>
      {placed.takenAt ? <span>{words.t.phoneClock(placed.takenAt)}</span> : null}
    </div>
  );
}
