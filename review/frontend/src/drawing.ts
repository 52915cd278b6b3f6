// Outlines by hand: those of a case corrected corner by corner, or a new one drawn around what was missed.

import Feature from "ol/Feature.js";
import type Map from "ol/Map.js";
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

export class HandDrawing {
  private modify: Modify | null = null;
  private draw: Draw | null = null;
  private before: string[] = [];  // by index of the outline

  constructor(
    private readonly map: Map,
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
    this.map.addInteraction(this.modify);
  }

  startDrawing(height: number, onDrawn: (corners: Ring) => void): void {
    this.stop();
    this.draw = new Draw({ source: this.outlines, type: "Polygon" });
    this.draw.on("drawend", ({ feature }) => onDrawn(cornersOf(feature, height)));
    this.map.addInteraction(this.draw);
  }

  corrected(height: number): Corrected[] {
    const isChanged = (feature: Feature) => fingerprint(feature) !== this.before[feature.get("index") as number];
    return this.outlines.getFeatures().filter(isChanged).map((feature) => ({ index: feature.get("index") as number, corners: cornersOf(feature, height) }));
  }

  isActive(): boolean {
    return !!this.modify || !!this.draw;
  }

  stop(): void {
    for (const interaction of [this.modify, this.draw]) if (interaction) this.map.removeInteraction(interaction);
    this.modify = this.draw = null;
  }
}

function cornersOf(feature: Feature, height: number): Ring {
  return toPixels((feature.getGeometry() as Polygon).getCoordinates()[0]!, height);
}

function fingerprint(feature: Feature): string {
  return JSON.stringify((feature.getGeometry() as Polygon).getCoordinates());
}
