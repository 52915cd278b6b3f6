// Photos that officers take at the place: added, several at once, and shown beside those of the drone.

import { api, ApiError } from "./api";
import type { ReviewStore } from "./store";
import type { CaseDetail, HistoryEvent } from "./types";

export interface PlacePhoto {
  sha256: string;
  by: string;
  /** When it was added. */
  at: string;
  /** By the clock of the phone, as its tags say it; they seldom name a zone. */
  takenAt: string | null;
}

export function placePhotosOf(history: HistoryEvent[]): PlacePhoto[] {
  return history.flatMap(({ photo_sha256, photo_taken_at, actor, at }) =>
    photo_sha256 ? [{ sha256: photo_sha256, by: actor, at, takenAt: photo_taken_at }] : [],
  );
}

/** Those of the work in hand: added since the case was sent out, or sent back for rework. */
export function freshPhotosOf(history: HistoryEvent[]): PlacePhoto[] {
  const begins = history.map(({ action }) => action === "assign" || action === "rework").lastIndexOf(true);
  return placePhotosOf(history.slice(begins + 1));
}

export class PlacePhotos {
  constructor(private readonly store: ReviewStore) {}

  /** Add photos to the open case; the server looks at each before it keeps it. */
  async add(photos: Blob[]): Promise<void> {
    const { no } = this.store.state;
    if (!no || photos.length === 0 || !this.store.presence.named(() => void this.add(photos))) return;
    this.store.set({ busy: true });
    await this.store.attempt(() => this.send(no, photos));
    this.store.set({ busy: false });
  }

  private async send(no: string, photos: Blob[]): Promise<void> {
    const { t } = this.store.state.words;
    let detail: CaseDetail | null = null;
    let count = 0;
    try {
      for (const photo of photos) {
        if (photos.length > 1) this.store.say(t.attaching(count + 1, photos.length), "done");
        detail = await api.attach(no, photo, this.store.presence.signature());
        count += 1;
      }
    } catch (error) {
      if (!(error instanceof ApiError) || count === 0) throw error;
      throw new ApiError(error.status, `${t.attachedOf(count, photos.length)} ${error.message || t.unanswered}`, error.problem);
    } finally {
      if (detail) await this.store.changed(detail);
    }
    this.store.say(count > 1 ? t.attachedSeveral(count, no) : t.attached(no), "done");
  }
}
