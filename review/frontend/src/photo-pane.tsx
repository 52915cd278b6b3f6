// The photo with its outline, the other photos of the object, and the decision.

import type { RefObject } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { beforeUrl, OVERVIEW_PX, placePhotoUrl } from "./api";
import { useWords } from "./i18n";
import { useMaps } from "./map-loading";
import type { Outline, PhotoView, ZoomMode } from "./photo-view";
import { placePhotosOf, type PlacePhoto } from "./place-photos";
import { categoryName } from "./queue-pane";
import type { ReviewStore } from "./store";
import { Unread } from "./unread";
import { ClaimNote } from "./claim-note";
import { isStep, Steps } from "./steps";
import { PlacedNotes, showPlaced, Strip } from "./strip";
import { StageChip } from "./symbols";
import type { CaseDetail, CasePhoto, EarlierPhoto } from "./types";

interface Props {
  store: ReviewStore;
  viewRef: RefObject<PhotoView | null>;
}

export function PhotoPane({ store, viewRef }: Props) {
  const words = useWords();
  const { no, detail, photoIndex, history } = store.state;
  const photo = detail?.photos[photoIndex];
  const placed = detail ? placePhotosOf(history) : [];
  const shownPlaced = detail && !photo ? placed[photoIndex - detail.photos.length] : undefined;
  return (
    <main class={!no || detail?.no === no ? "pane photo" : "pane photo waiting"} id="photo" tabIndex={-1}>
      <div class="pane-head">
        {detail ? <Title store={store} detail={detail} /> : <h2>{store.state.unread?.no ?? words.t.nothingSelected}</h2>}
      </div>
      {detail ? null : <Unread store={store} />}
      <Viewer store={store} viewRef={viewRef} photo={photo} placed={shownPlaced} />
      {detail && detail.photos.length + placed.length > 1 ? <Strip store={store} detail={detail} placed={placed} /> : null}
      <Actions store={store} />
    </main>
  );
}

function Title({ store, detail }: { store: ReviewStore; detail: CaseDetail }) {
  const words = useWords();
  const name = categoryName(store, detail.category);
  return (
    <>
      <h2>
        {words.label(name)}
        {words.language === "en" ? (
          <span class="second" lang="zh-CN">
            {name.zh}
          </span>
        ) : null}
      </h2>
      <span class="muted number">{detail.no}</span>
      <ClaimNote store={store} />
      <StageChip stage={detail.stage} />
    </>
  );
}

interface ViewerProps extends Props {
  photo: CasePhoto | undefined;
  /** From the place, instead of one of a patrol. */
  placed: PlacePhoto | undefined;
}

function Viewer({ store, viewRef, photo, placed }: ViewerProps) {
  const words = useWords();
  const target = useRef<HTMLDivElement>(null);
  const [mode, setMode] = useState<ZoomMode>("object");
  const [loading, setLoading] = useState(false);
  const { vocabulary, outlineOn, peeking, hand, earlier, no, returns } = store.state;
  const outlines = useMemo(() => {
    const info = new Map(vocabulary?.classes.map((entry) => [entry.name, entry]));
    return (photo?.outlines ?? []).map(({ class_name, rings }) => {
      const known = info.get(class_name);
      const label = known ? words.label(known.label) : class_name;
      return { rings, colour: known?.colour ?? "#ffffff", label };
    });
  }, [vocabulary, photo, words]);
  const drone = photo ? `${outlines.map((entry) => entry.label).join(", ")}: ${photo.photo_id}` : "";
  const described = placed ? words.t.placePhotoBy(words.actor(placed.by), words.time(placed.at)) : drone;
  const maps = useMaps(store.state.loaded);
  useEffect(() => {
    if (!maps) return;
    const view = new maps.PhotoView(target.current!, setMode, setLoading);
    viewRef.current = view;
    return () => view.dispose();
  }, [maps]);
  useEffect(() => {
    const view = viewRef.current;
    if (placed && no && view) return showPlaced(view, placePhotoUrl(no, placed.sha256), placed.sha256);
    if (!photo || photo.state !== "ok" || !photo.width_px || !photo.height_px) return view?.clear();
    view?.show({ photo, width: photo.width_px, height: photo.height_px, outlines });
  }, [maps, photo, placed?.sha256, outlines, returns]);
  useEffect(() => viewRef.current?.setOutlineVisible(outlineOn && !peeking), [maps, outlineOn, peeking]);
  useEffect(() => {
    viewRef.current?.showEarlier(earlier && photo && no ? beforeUrl(no, photo, OVERVIEW_PX) : null);
  }, [maps, earlier]);
  // Before the next click, which belongs to the outline already.
  useLayoutEffect(() => {
    const view = viewRef.current;
    if (hand === "correcting") view?.startCorrecting();
    else if (hand === "drawing") view?.startDrawing((corners) => store.handWork.drawn(corners));
    else view?.stopDrawing();
  }, [maps, hand]);
  return (
    <div class={photo || placed ? "viewer" : "viewer blank"}>
      <div ref={target} class="canvas" role="img" aria-label={described} />
      <div class="viewer-tools" role="toolbar" aria-label={words.t.photo}>
        <button
          type="button"
          aria-pressed={outlineOn}
          title={words.t.maskTitle}
          onClick={() => store.set({ outlineOn: !outlineOn })}
        >
          {words.t.mask} <kbd>M</kbd>
        </button>
        <button
          type="button"
          aria-pressed={mode === "object"}
          title={words.t.zoomObjectTitle}
          onClick={() => viewRef.current?.zoomToObject()}
        >
          {words.t.zoomObject} <kbd>Z</kbd>
        </button>
        <button
          type="button"
          aria-pressed={mode === "whole"}
          title={words.t.zoomWholeTitle}
          onClick={() => viewRef.current?.zoomWhole()}
        >
          {words.t.zoomWhole} <kbd>F</kbd>
        </button>
        <button
          type="button"
          aria-pressed={!!earlier}
          disabled={!photo}
          title={words.t.beforeTitle}
          onClick={() => void store.swipe()}
        >
          {words.t.before} <kbd>B</kbd>
        </button>
        <HandTools store={store} viewRef={viewRef} />
      </div>
      {hand ? <p class="hand-hint" role="status">{hand === "drawing" ? words.t.drawHint : words.t.correctHint}</p> : null}
      <div class="zoom-buttons">
        <button type="button" aria-label={words.t.zoomIn} onClick={() => viewRef.current?.zoomBy(1.5)}>
          +
        </button>
        <button type="button" aria-label={words.t.zoomOut} onClick={() => viewRef.current?.zoomBy(1 / 1.5)}>
          −
        </button>
      </div>
      {earlier ? <Swipe earlier={earlier} photo={photo} viewRef={viewRef} /> : null}
      <Notes photo={photo} mode={mode} loading={loading} outlines={outlines} />
      {placed ? <PlacedNotes placed={placed} /> : null}
    </div>
  );
}

interface SwipeProps {
  earlier: EarlierPhoto;
  photo: CasePhoto | undefined;
  viewRef: RefObject<PhotoView | null>;
}

/** Left of the line the ground as it was, right of it the photo. */
function Swipe({ earlier, photo, viewRef }: SwipeProps) {
  const words = useWords();
  const [share, setShare] = useState(0.5);
  useEffect(() => viewRef.current?.swipeTo(share), [share]);
  return (
    <div class="swipe">
      <i class="swipe-line" style={{ left: `${share * 100}%` }} />
      <div class="swipe-bar">
        <span>{words.time(earlier.taken_at)}</span>
        <input
          type="range"
          min="0"
          max="100"
          value={share * 100}
          aria-label={words.t.beforeTitle}
          onInput={(event) => setShare(Number(event.currentTarget.value) / 100)}
        />
        <span>{words.time(photo?.taken_at ?? null)}</span>
      </div>
    </div>
  );
}

function HandTools({ store, viewRef }: Props) {
  const { t } = useWords();
  const { hand, busy } = store.state;
  if (hand) {
    return (
      <>
        {hand === "correcting" ? (
          <button type="button" class="primary" disabled={busy} onClick={() => void store.handWork.save(viewRef.current)}>
            {t.send} <kbd>Enter</kbd>
          </button>
        ) : null}
        <button type="button" onClick={() => store.set({ hand: null })}>
          {t.cancel} <kbd>Esc</kbd>
        </button>
      </>
    );
  }
  if (!store.handWork.mayDraw()) return null;
  return (
    <>
      <button type="button" title={t.correctTitle} onClick={() => store.handWork.correct()}>
        {t.correct} <kbd>E</kbd>
      </button>
      <button type="button" title={t.missedTool} onClick={() => store.handWork.draw()}>
        {t.missed} <kbd>N</kbd>
      </button>
    </>
  );
}

interface NotesProps {
  photo: CasePhoto | undefined;
  mode: ZoomMode;
  loading: boolean;
  outlines: Outline[];
}

function Notes({ photo, mode, loading, outlines }: NotesProps) {
  const { t, number, time } = useBound();
  if (!photo) return null;
  if (photo.state !== "ok") {
    return (
      <div class="missing">
        <strong>{photo.state === "changed" ? t.photoChanged : t.photoMissing}</strong>
        <p>
          {photo.photo_id} · {t.photoMissingHint}
        </p>
      </div>
    );
  }
  const facts = [
    photo.photo_id,
    time(photo.taken_at),
    photo.gsd_m ? `${number(photo.gsd_m * 100, 1)} cm ${t.perPixel}` : "",
  ];
  return (
    <div class="photo-notes">
      <Outlined outlines={outlines} />
      <span>{facts.filter(Boolean).join(" · ")}</span>
      {mode === "kept" ? <span>{t.zoomKept}</span> : null}
      {loading ? <span>{t.loadingFull}</span> : null}
      {photo.outlines.length ? null : <span>{t.notInPhoto}</span>}
    </div>
  );
}

/** What is outlined, since names that would cover each other are not written in the photo. */
function Outlined({ outlines }: { outlines: Outline[] }) {
  const counts = new Map<string, { colour: string; count: number }>();
  for (const { label, colour } of outlines) {
    counts.set(label, { colour, count: (counts.get(label)?.count ?? 0) + 1 });
  }
  return (
    <>
      {[...counts].map(([label, { colour, count }]) => (
        <span key={label}>
          <i class="swatch" style={{ background: colour }} /> {count > 1 ? `${label} × ${count}` : label}
        </span>
      ))}
    </>
  );
}

function useBound() {
  const words = useWords();
  return { t: words.t, number: words.number.bind(words), time: words.time.bind(words) };
}

function Actions({ store }: { store: ReviewStore }) {
  const { t } = useWords();
  const { busy, detail, hand } = store.state;
  const drawing = hand !== null; // what is drawn must not be left unsaved
  const decided = detail && !store.allows("confirm");
  const reviews = (["confirm", "reject", "reopen"] as const).some((decision) => store.allows(decision));
  return (
    <div class="actions">
      <button type="button" class="step" disabled={drawing} onClick={() => void store.step(-1)} title={t.previous}>
        <span class="hidden-label">{t.previous}</span> ‹ <kbd>K</kbd>
      </button>
      {!reviews && detail?.allowed.some(isStep) ? (
        <Steps store={store} detail={detail} />
      ) : reviews || store.presence.reviews() ? (
        <Decisions store={store} decided={!!decided} />
      ) : (
        <span class="steps muted">{detail ? t.notYours : ""}</span>
      )}
      <button type="button" class="step" disabled={busy || drawing} onClick={() => void store.decisions.undo()}>
        {t.undo} <kbd>U</kbd>
      </button>
      <button type="button" class="step" disabled={drawing} onClick={() => void store.step(1)} title={t.next}>
        <span class="hidden-label">{t.next}</span> <kbd>J</kbd> ›
      </button>
    </div>
  );
}

function Decisions({ store, decided }: { store: ReviewStore; decided: boolean }) {
  const { t } = useWords();
  const busy = store.state.busy || store.state.hand !== null;
  return (
    <>
      <button
        type="button"
        class="decide reject"
        disabled={busy || !store.allows("reject")}
        onClick={() => store.set({ dialog: "reject" })}
      >
        {t.reject} <kbd>X</kbd>
      </button>
      {decided && store.allows("reopen") ? (
        <button
          type="button"
          class="decide reopen"
          disabled={busy}
          onClick={() => store.set({ dialog: "reopen" })}
        >
          {t.reopen}
        </button>
      ) : (
        <button
          type="button"
          class="decide confirm"
          disabled={busy || !store.allows("confirm")}
          onClick={() => void store.decisions.decide({ decision: "confirm" })}
        >
          {t.confirm} <kbd>C</kbd>
        </button>
      )}
    </>
  );
}
