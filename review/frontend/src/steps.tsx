// The steps after review that the person's role may take, and the way to the place.

import { wayUrl } from "./api";
import { useWords } from "./i18n";
import type { ReviewStore } from "./store";
import type { CaseDetail, Step } from "./types";

const STEPS: Step[] = [
  "wake", "assign", "start", "feed_back", "close", "evaluate", "resume", "return", "rework", "suspend", "supervise",
];
const WITH_REASON: ReadonlySet<Step> = new Set(["return", "rework", "suspend", "supervise"]);

export const isStep = (action: string): boolean => (STEPS as string[]).includes(action);

export function Steps({ store, detail }: { store: ReviewStore; detail: CaseDetail }) {
  const { t } = useWords();
  const possible = STEPS.filter((step) => detail.allowed.includes(step) && (step !== "supervise" || detail.is_overdue));
  const onward = possible.filter((step) => !WITH_REASON.has(step));
  const others = possible.filter((step) => WITH_REASON.has(step));
  if (!detail.allowed.some(isStep)) return null;
  const take = (step: Step) => {
    if (WITH_REASON.has(step)) store.set({ dialog: "step", step });
    else if (step === "feed_back") store.set({ dialog: "feed_back" });
    else void store.decisions.decide({ decision: step });
  };
  const button = (step: Step) => (
    <button
      key={step}
      type="button"
      class={WITH_REASON.has(step) ? "" : "primary"}
      disabled={store.state.busy}
      onClick={() => take(step)}
    >
      {t.steps[step]} {step === "assign" ? <kbd>A</kbd> : null}
    </button>
  );
  // Where one step onward was pressed never stands what suspends or sends back.
  return (
    <div class="steps" role="group" aria-label={t.nextSteps}>
      <div class="onward">{onward.length ? onward.map(button) : <span class="muted">{t.noneOnward}</span>}</div>
      <div class="others">{others.map(button)}</div>
    </div>
  );
}

const AT_PLACE = ["assigned", "handling", "fed_back"];
const ADDS = ["officer", "inspector", "command", "administrator", ""];

/** Photos that somebody takes at the place, from the camera of a phone or from files. */
export function AddPhoto({ store, detail }: { store: ReviewStore; detail: CaseDetail }) {
  const { t } = useWords();
  if (!AT_PLACE.includes(detail.stage) || !ADDS.includes(store.state.role)) return null;
  return (
    <label class="add-photo">
      <input
        type="file"
        accept="image/jpeg"
        multiple
        disabled={store.state.busy}
        onChange={(event) => {
          void store.placePhotos.add([...(event.currentTarget.files ?? [])]);
          event.currentTarget.value = "";
        }}
      />
      {t.addPhoto}
    </label>
  );
}

/** Opens a map application; nothing is asked of anybody before the link is followed. */
export function WayThere({ detail }: { detail: CaseDetail }) {
  const { t } = useWords();
  const [lon, lat] = [detail.lon_deg.toFixed(6), detail.lat_deg.toFixed(6)];
  const amap = `https://uri.amap.com/navigation?to=${lon},${lat},${detail.no}&mode=car&coordinate=wgs84`;
  return (
    <span class="way">
      <a href={`geo:${lat},${lon}?q=${lat},${lon}(${detail.no})`}>{t.navigate}</a>
      <a href={amap} target="_blank" rel="noreferrer">
        {t.amap}
      </a>
      <details>
        <summary>{t.code}</summary>
        <img class="way-code" src={wayUrl(detail.no)} alt={t.codeTitle} width="148" height="148" loading="lazy" />
      </details>
    </span>
  );
}
