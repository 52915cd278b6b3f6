// Dialogs to let a place wait, to make one case of two, and two of one.

import { useRef, useState } from "preact/hooks";
import { cropUrl, photoUrl } from "./api";
import { useWords } from "./i18n";
import { placeName } from "./queue-pane";
import { Sheet } from "./sheet";
import type { ReviewStore } from "./store";
import { Score, StageChip } from "./symbols";
import type { CaseItem, CasePhoto, OutlineName, Ring } from "./types";

const DAYS = [1, 7, 30, 90];
const RADII_M = [0, 50, 200, 500];
const THUMBNAIL_PX = 1024;

/** How far around, why, and then a number for how long. */
export function Snooze({ store }: { store: ReviewStore }) {
  const { t } = useWords();
  const [radius, setRadius] = useState(0);
  const why = useRef<HTMLInputElement>(null);
  const send = (days: number) => {
    const reason = why.current?.value.trim() ?? "";
    if (!reason) return why.current?.focus();
    void store.arranging.snooze(days, radius, reason);
  };
  const pressed = (event: KeyboardEvent) => {
    if ((event.target as Element).matches("input[type=text]")) return;
    const days = DAYS[Number(event.key) - 1];
    if (days === undefined) return;
    event.preventDefault();
    send(days);
  };
  return (
    <Sheet onClose={store.closeDialog} title={t.snoozeTitle} onKeyDown={pressed}>
      <p class="muted">{t.snoozeHint}</p>
      <fieldset class="roles">
        <legend>{t.snoozeWhere}</legend>
        {RADII_M.map((metres) => (
          <label key={metres}>
            <input type="radio" name="radius" checked={metres === radius} onChange={() => setRadius(metres)} />{" "}
            {metres ? t.snoozeAround(metres) : t.snoozeOnly}
          </label>
        ))}
      </fieldset>
      <div class="reasons">
        <label>
          {t.reasonOwn}
          <input ref={why} type="text" maxLength={300} defaultValue={t.snoozeWhy} />
        </label>
        {DAYS.map((days, index) => (
          <button key={days} type="button" autoFocus={index === 0} onClick={() => send(days)}>
            <kbd>{index + 1}</kbd> {t.snoozeDays(days)}
          </button>
        ))}
      </div>
    </Sheet>
  );
}

/** Near cases of the same kind; a number takes one over. */
export function Merge({ store }: { store: ReviewStore }) {
  const words = useWords();
  const { t } = words;
  const { near, no, detail } = store.state;
  const pressed = (event: KeyboardEvent) => {
    const chosen = near?.[Number(event.key) - 1];
    if (!chosen) return;
    event.preventDefault();
    void store.arranging.merge(chosen);
  };
  return (
    <Sheet onClose={store.closeDialog} title={t.mergeTitle(no ?? "")} onKeyDown={pressed}>
      {near === null ? <p class="muted" role="status">…</p> : null}
      {near?.length === 0 ? <p>{t.mergeNone}</p> : <p class="muted">{t.mergeHint}</p>}
      <div class="reasons">
        {near?.map((item, index) => (
          <button key={item.no} type="button" class="near" onClick={() => void store.arranging.merge(item)}>
            {index < 9 ? <kbd>{index + 1}</kbd> : null}
            <img src={cropUrl(item.no)} alt="" width="72" height="72" />
            <span class="lines">
              <span class="title">{item.no}</span>
              <span class="muted">
                {detail ? `${words.number(metresBetween(detail, item))} m · ` : ""}
                {placeName(item)}
              </span>
              <span class="facts">
                <StageChip stage={item.stage} /> <Score value={item.score} />
              </span>
            </span>
          </button>
        ))}
      </div>
    </Sheet>
  );
}

const METRES_PER_DEGREE = 111_195; // of a great circle on a sphere of 6,371 km

/** How far two cases lie apart; good to a metre within some kilometres. */
function metresBetween(one: CaseItem, other: CaseItem): number {
  const east = (other.lon_deg - one.lon_deg) * Math.cos((one.lat_deg * Math.PI) / 180);
  return METRES_PER_DEGREE * Math.hypot(east, other.lat_deg - one.lat_deg);
}

/** All outlines of the case; those that are chosen become a case of their own. */
export function Split({ store }: { store: ReviewStore }) {
  const words = useWords();
  const { t } = words;
  const [chosen, setChosen] = useState<string[]>([]);
  const { detail, busy } = store.state;
  const outlines = store.arranging.outlines();
  const nameOf = (className: string) => {
    const known = store.state.vocabulary?.classes.find((entry) => entry.name === className);
    return known ? words.label(known.label) : className;
  };
  const toggle = (key: string) => setChosen((keys) => (keys.includes(key) ? keys.filter((k) => k !== key) : [...keys, key]));
  const taken = outlines.filter((outline) => chosen.includes(keyOf(outline)));
  const pressed = (event: KeyboardEvent) => {
    const outline = outlines[Number(event.key) - 1];
    if (!outline) return;
    event.preventDefault();
    toggle(keyOf(outline));
  };
  return (
    <Sheet onClose={store.closeDialog} title={t.splitTitle(detail?.no ?? "")} wide onKeyDown={pressed}>
      <p class="muted">{t.splitHint}</p>
      <ul class="thumbnails">
        {detail?.photos.flatMap((photo) =>
          photo.outlines.map((outline, index) => {
            const key = keyOf({ ...photo, index });
            return (
              <li key={key}>
                <label class={chosen.includes(key) ? "thumbnail chosen" : "thumbnail"}>
                  <input type="checkbox" checked={chosen.includes(key)} onChange={() => toggle(key)} />
                  <Cut photo={photo} ring={outline.rings[0] ?? []} />
                  <span class="title">{nameOf(outline.class_name)}</span>
                  <span class="muted">{photo.photo_id}</span>
                </label>
              </li>
            );
          }),
        )}
      </ul>
      <div class="several-actions">
        <span class="muted" role="status">
          {t.chosenOf(words.number(taken.length), words.number(outlines.length))}
        </span>
        <button
          type="button"
          class="primary"
          disabled={busy || taken.length === 0 || taken.length === outlines.length}
          onClick={() => void store.arranging.split(taken)}
        >
          {t.split}
        </button>
      </div>
    </Sheet>
  );
}

const keyOf = ({ patrol_id, photo_id, index }: OutlineName) => `${patrol_id}/${photo_id}/${index}`;

/** What an outline shows, cut out of its photo, with the outline. */
function Cut({ photo, ring }: { photo: CasePhoto; ring: Ring }) {
  const [width, height] = [photo.width_px ?? 1, photo.height_px ?? 1];
  const [xs, ys] = [ring.map(([x]) => x), ring.map(([, y]) => y)];
  const side = 1.6 * Math.max(Math.max(...xs) - Math.min(...xs), Math.max(...ys) - Math.min(...ys), 60);
  const west = (Math.max(...xs) + Math.min(...xs) - side) / 2;
  const north = (Math.max(...ys) + Math.min(...ys) - side) / 2;
  return (
    <svg class="cut" viewBox={`${west} ${north} ${side} ${side}`} width="132" height="132" role="img" aria-label="">
      {photo.state === "ok" ? <image href={photoUrl(photo, THUMBNAIL_PX)} width={width} height={height} /> : null}
      <polygon points={ring.map((corner) => corner.join(",")).join(" ")} stroke-width={side / 66} />
    </svg>
  );
}
