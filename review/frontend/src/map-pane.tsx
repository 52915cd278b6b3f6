// Where the case lies: cells, zones, other cases, what the photo covers and how sure the place is.

import { useEffect, useRef, useState } from "preact/hooks";
import type { GroundMap } from "./ground-map";
import { useWords } from "./i18n";
import { useMaps } from "./map-loading";
import { zoneColour } from "./palette";
import type { ReviewStore } from "./store";
import { StageMark } from "./symbols";

const LEGEND_STAGES = ["reported", "established", "closed", "rejected"];

export function MapPane({ store }: { store: ReviewStore }) {
  const words = useWords();
  const target = useRef<HTMLDivElement>(null);
  const map = useRef<GroundMap | null>(null);
  const [boxing, setBoxing] = useState(false);
  const { cells, zones, queue, detail, photoIndex, vocabulary, pane } = store.state;
  const colour = vocabulary?.classes.find((entry) => entry.name === detail?.class_name)?.colour ?? "#ffffff";
  const maps = useMaps(store.state.loaded);
  useEffect(() => {
    if (!maps) return;
    map.current = new maps.GroundMap(
      target.current!,
      (no) => void store.choose(no),
      (numbers) => store.several.open(numbers),
    );
    return () => map.current?.dispose();
  }, [maps]);
  useEffect(() => {
    if (cells && zones) map.current?.setLayers(cells, zones);
  }, [maps, cells, zones]);
  useEffect(() => map.current?.setCases(queue), [maps, queue]);
  useEffect(() => map.current?.setBoxing(boxing), [maps, boxing]);
  useEffect(() => {
    if (detail) map.current?.showCase(detail, colour);
    else map.current?.clearCase();
  }, [maps, detail, colour]);
  useEffect(() => map.current?.showPhoto(detail?.photos[photoIndex]), [maps, detail, photoIndex]);
  useEffect(() => {
    if (pane === "map" && detail) map.current?.fitCase();
  }, [pane]);
  return (
    <section class="pane map" aria-label={words.t.map}>
      <div ref={target} class="canvas" />
      <div class="viewer-tools">
        <button type="button" onClick={() => map.current?.fitCase()} disabled={!detail}>
          {words.t.fitCase}
        </button>
        <button type="button" onClick={() => map.current?.fitAll()}>
          {words.t.fitAll}
        </button>
        <button type="button" title={words.t.boxTitle} aria-pressed={boxing} onClick={() => setBoxing(!boxing)}>
          {words.t.box}
        </button>
      </div>
      <div class="zoom-buttons">
        <button type="button" aria-label={words.t.zoomIn} onClick={() => map.current?.zoomBy(1)}>
          +
        </button>
        <button type="button" aria-label={words.t.zoomOut} onClick={() => map.current?.zoomBy(-1)}>
          −
        </button>
      </div>
      <Legend zones={vocabulary?.zones ?? []} />
    </section>
  );
}

function Legend({ zones }: { zones: string[] }) {
  const words = useWords();
  return (
    <details class="legend">
      <summary>{words.t.legend}</summary>
      <ul>
        {LEGEND_STAGES.map((stage) => (
          <li key={stage}>
            <StageMark stage={stage} /> {words.stage(stage)}
          </li>
        ))}
        {zones.map((layer) => (
          <li key={layer}>
            <svg class="mark" viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">
              <rect x="1" y="1" width="10" height="10" fill={zoneColour(layer)} fill-opacity="0.35" stroke={zoneColour(layer)} />
            </svg>{" "}
            {words.zone(layer)}
          </li>
        ))}
        <li>
          <LineMark dash="4 2" /> {words.t.layerFootprint}
        </li>
        <li>
          <LineMark dash="1 2" /> {words.t.layerDoubt}
        </li>
      </ul>
    </details>
  );
}

function LineMark({ dash }: { dash: string }) {
  return (
    <svg class="mark" viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">
      <path d="M0 6h12" stroke="#ffffff" stroke-width="1.5" stroke-dasharray={dash} />
    </svg>
  );
}
