// Outlines by hand: those of a case corrected corner by corner, or a new one drawn around what was missed.

import Feature from "ol/Feature.js";
import type OlMap from "ol/Map.js";
import MultiPoint from "ol/geom/MultiPoint.js";
import Polygon from "ol/geom/Polygon.js";
import Draw from "ol/interaction/Draw.js";
import Modify from "ol/interaction/Modify.js";
import type VectorSource from "ol/source/Vector.js";
import { Circle, Fill, Stroke, Style } from "ol/style.js";
import type { Ring } from "./types";

/** Shows what can be dragged. */
const CORNERS = new Style({
  geometry: (feature) => new MultiPoint((feature.getGeometry() as Polygon).getCoordinates().flat()),
  image: new Circle({
    radius: 4,
    fill: new Fill({ color: "#ffffff" }),
    stroke: new Stroke({ color: "#0d1116", width: 1.5 }),
  }),
});

/** An outline that was changed: which of the photo's, and its corners in pixels of the photo. */
export interface Corrected {
  index: number;
  corners: Ring;
}

/** Pixel centres are at whole numbers and y points down in our files; in the view y points up. */
export const fromPixels = (ring: Ring, height: number): number[][] =>
  ring.map(([x, y]) => [x + 0.5, height - y - 0.5]);

const toPixels = (ring: number[][], height: number): Ring =>
  ring.slice(0, -1).map(([x, y]) => [round(x! - 0.5), round(height - y! - 0.5)]);

const round = (value: number) => Math.round(value * 10) / 10;

/** Corners of all outlines, as they were or are. */
type Corners = Map<Feature, number[][][]>;

export class HandDrawing {
  private modify: Modify | null = null;
  private draw: Draw | null = null;
  private before: string[] = [];  // by index of the outline
  /** What was before each step of a correction, and what is taken back of it; OpenLayers keeps neither. */
  private past: Corners[] = [];
  private future: Corners[] = [];
  /** The outline that is being drawn, and its corners that were taken back. */
  private sketch: Feature | null = null;
  private takenBack: number[][] = [];

  constructor(
    private readonly map: OlMap,
    private readonly outlines: VectorSource,
  ) {}

  /** Corners can be dragged, added on a side, and removed with Alt and a click. */
  startCorrecting(): void {
    this.stop();
    this.before = [];
    for (const feature of this.outlines.getFeatures()) this.before[feature.get("index") as number] = fingerprint(feature);
    for (const feature of this.outlines.getFeatures()) {
      feature.setStyle([...(feature.getStyle() as Style[]), CORNERS]);
    }
    this.modify = new Modify({ source: this.outlines, pixelTolerance: 12 });
    this.modify.on("modifystart", () => this.past.push(this.corners()));
    this.modify.on("modifyend", () => this.keepStep());
    this.map.addInteraction(this.modify);
  }

  startDrawing(height: number, onDrawn: (corners: Ring) => void): void {
    this.stop();
    this.draw = new Draw({ source: this.outlines, type: "Polygon" });
    this.draw.on("drawstart", ({ feature }) => (this.sketch = feature));
    this.draw.on("drawend", ({ feature }) => {
      this.sketch = null;
      this.takenBack = [];
      onDrawn(cornersOf(feature, height));
    });
    this.draw.on("drawabort", () => (this.sketch = null));
    this.map.addInteraction(this.draw);
  }

  corrected(height: number): Corrected[] {
    const isChanged = (feature: Feature) => fingerprint(feature) !== this.before[feature.get("index") as number];
    return this.outlines.getFeatures().filter(isChanged).map((feature) => ({ index: feature.get("index") as number, corners: cornersOf(feature, height) }));
  }

  /** Take back the last step, or do it once more; tells whether there was one. */
  turn(way: "back" | "again"): boolean {
    if (this.draw) return way === "back" ? this.takeCornerBack() : this.setCornerAgain();
    const [from, to] = way === "back" ? [this.past, this.future] : [this.future, this.past];
    const corners = from.pop();
    if (!corners) return false;
    to.push(this.corners());
    for (const [feature, rings] of corners) (feature.getGeometry() as Polygon).setCoordinates(rings);
    return true;
  }

  /** A press on a corner that moves nothing is no step. */
  private keepStep(): void {
    const last = this.past.at(-1);
    const isSame = last && [...last].every(([feature, rings]) => JSON.stringify(rings) === fingerprint(feature));
    if (isSame) this.past.pop();
    else this.future = [];
  }

  private corners(): Corners {
    return new Map(this.outlines.getFeatures().map((feature) => [feature, (feature.getGeometry() as Polygon).getCoordinates()]));
  }

  /** The corners that were set; of those of a sketch the last two are the pointer and the first again. */
  private set(): number[][] {
    return this.sketch ? (this.sketch.getGeometry() as Polygon).getCoordinates()[0]!.slice(0, -2) : [];
  }

  private takeCornerBack(): boolean {
    const last = this.set().at(-1);
    if (!last) return false;
    this.takenBack.push(last);
    this.draw!.removeLastPoint();
    return true;
  }

  private setCornerAgain(): boolean {
    const corner = this.takenBack.pop();
    if (corner) this.draw!.appendCoordinates([corner]);
    return !!corner;
  }

  isActive(): boolean {
    return !!this.modify || !!this.draw;
  }

  stop(): void {
    for (const interaction of [this.modify, this.draw]) if (interaction) this.map.removeInteraction(interaction);
    this.modify = this.draw = this.sketch = null;
    this.past = [];
    this.future = [];
    this.takenBack = [];
  }
}

function cornersOf(feature: Feature, height: number): Ring {
  return toPixels((feature.getGeometry() as Polygon).getCoordinates()[0]!, height);
}

function fingerprint(feature: Feature): string {
  return JSON.stringify((feature.getGeometry() as Polygon).getCoordinates());
}
