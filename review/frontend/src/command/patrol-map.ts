// Sorties as they are planned, and tracks as they are flown.

import Feature from "ol/Feature.js";
import Map from "ol/Map.js";
import View from "ol/View.js";
import ScaleLine from "ol/control/ScaleLine.js";
import { createEmpty, extend, isEmpty } from "ol/extent.js";
import GeoJSON from "ol/format/GeoJSON.js";
import LineString from "ol/geom/LineString.js";
import Point from "ol/geom/Point.js";
import { defaults as defaultInteractions } from "ol/interaction/defaults.js";
import VectorLayer from "ol/layer/Vector.js";
import { fromLonLat } from "ol/proj.js";
import VectorSource from "ol/source/Vector.js";
import { Circle, Fill, Stroke, Style } from "ol/style.js";

const geojson = new GeoJSON({ featureProjection: "EPSG:3857" }); // for display only, never measured
const stroke = (color: string, width: number, lineDash?: number[]) => new Style({ stroke: new Stroke({ color, width, lineDash }) });

export class PatrolMap {
  private readonly map: Map;
  private readonly cells = new VectorSource();
  private readonly plans = new VectorSource();
  private readonly tracks = new VectorSource();
  private readonly lines: Record<string, { line: LineString; here: Point }> = {};

  constructor(target: HTMLElement) {
    this.map = new Map({
      target,
      controls: [new ScaleLine({ minWidth: 64 })],
      interactions: defaultInteractions({ altShiftDragRotate: false, pinchRotate: false }),
      view: new View({ center: [0, 0], zoom: 2, minZoom: 2, maxZoom: 21, enableRotation: false }),
      layers: [
        new VectorLayer({ source: this.cells, style: stroke("#41505e", 1) }),
        new VectorLayer({ source: this.plans, style: (plan) => stroke(plan.get("chosen") ? "#e8edf2" : "#7b8896", plan.get("chosen") ? 2 : 1, [6, 5]) }),
        new VectorLayer({
          source: this.tracks,
          style: [
            stroke("#f0e442", 3),
            new Style({ image: new Circle({ radius: 7, fill: new Fill({ color: "#f0e442" }), stroke: new Stroke({ color: "#0d1116", width: 2 }) }) }),
          ],
        }),
      ],
    });
  }

  dispose(): void {
    this.map.setTarget(undefined);
    this.map.dispose();
  }

  setCells(layer: object): void {
    this.cells.clear();
    this.cells.addFeatures(geojson.readFeatures(layer) as Feature[]);
    if (this.plans.isEmpty()) this.fit(this.cells);
  }

  setPlans(plans: { code: string; line: [number, number][] }[], chosen: string): void {
    this.plans.clear();
    this.plans.addFeatures(
      plans.map(({ code, line }) => {
        const feature = new Feature(new LineString(line.map((place) => fromLonLat(place))));
        feature.setProperties({ code, chosen: code === chosen });
        return feature;
      }),
    );
  }

  fitPlans(code?: string): void {
    this.fit(this.plans, code);
  }

  /** Go on with a track; it begins anew where the connection did. */
  fly(name: string, points: [number, number, number][], isNew: boolean): void {
    const places = points.map(([lon, lat]) => fromLonLat([lon, lat]));
    const last = places.at(-1);
    if (!last) return;
    const known = this.lines[name];
    if (!known) {
      const [line, here] = [new LineString(places), new Point(last)];
      this.lines[name] = { line, here };
      this.tracks.addFeatures([new Feature(line), new Feature(here)]);
      return;
    }
    known.line.setCoordinates(isNew ? places : [...known.line.getCoordinates(), ...places]);
    known.here.setCoordinates(last);
  }

  private fit(source: VectorSource, code?: string): void {
    const extent = createEmpty();
    for (const feature of source.getFeatures()) {
      if (!code || feature.get("code") === code) extend(extent, feature.getGeometry()!.getExtent());
    }
    if (isEmpty(extent)) return;
    this.map.updateSize();
    this.map.getView().fit(extent, { padding: [24, 24, 24, 24], maxZoom: 18 });
  }
}
