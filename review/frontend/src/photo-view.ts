// The photo under review: pan and zoom over pixels, the outline on top, full resolution on demand.

import Feature from "ol/Feature.js";
import Map from "ol/Map.js";
import View from "ol/View.js";
import { getCenter, getHeight, getIntersection, getWidth, type Extent } from "ol/extent.js";
import Polygon from "ol/geom/Polygon.js";
import { defaults as defaultInteractions } from "ol/interaction/defaults.js";
import ImageLayer from "ol/layer/Image.js";
import VectorLayer from "ol/layer/Vector.js";
import Projection from "ol/proj/Projection.js";
import ImageStatic from "ol/source/ImageStatic.js";
import VectorSource from "ol/source/Vector.js";
import type RenderEvent from "ol/render/Event.js";
import { getRenderPixel } from "ol/render.js";
import { Fill, Stroke, Style, Text } from "ol/style.js";
import { OVERVIEW_PX, photoUrl } from "./api";
import { fromPixels, HandDrawing, type Corrected } from "./drawing";
import type { Ring } from "./types";

/** How much of the surroundings is shown around the object: this many times its extent. */
const CONTEXT = 3.2;
/** The least extent shown around a small object, in pixels of the photo. */
const LEAST_EXTENT_PX = 240;
/** Room around the photo for the buttons above it and the facts below it. */
const PADDING_PX = [56, 24, 76, 24];

export interface Shown {
  photo: { photo_id: string; patrol_id: string };
  width: number;
  height: number;
  outlines: Outline[];
  /** Of a photo that is no patrol's. */
  url?: string;
}

export interface Outline {
  rings: Ring[];
  colour: string;
  label: string;
}

const STILL = matchMedia("(prefers-reduced-motion: reduce)");

const samePhoto = (a: Shown | null, b: Shown) =>
  a?.photo.photo_id === b.photo.photo_id && a.photo.patrol_id === b.photo.patrol_id;

export type ZoomMode = "object" | "whole" | "kept";

export class PhotoView {
  private readonly map: Map;
  private readonly overview = new ImageLayer<ImageStatic>();
  private readonly full = new ImageLayer<ImageStatic>();
  private readonly earlier = new ImageLayer<ImageStatic>();
  private readonly outline = new VectorLayer({ source: new VectorSource(), declutter: true });
  private readonly hand: HandDrawing;
  private shown: Shown | null = null;
  private swiped = 0.5;
  /** The picture did not come; it is asked for again when it is shown again. */
  private isBroken = false;
  private mode: ZoomMode = "object";

  constructor(
    target: HTMLElement,
    private readonly onMode: (mode: ZoomMode) => void,
    private readonly onLoading: (loading: boolean) => void,
  ) {
    this.map = new Map({
      target,
      controls: [],
      interactions: defaultInteractions({ keyboard: false, altShiftDragRotate: false, pinchRotate: false }),
      layers: [this.overview, this.full, this.earlier, this.outline],
    });
    this.earlier.on("prerender", (event) => this.clip(event));
    this.earlier.on("postrender", (event) => (event.context as CanvasRenderingContext2D).restore());
    this.hand = new HandDrawing(this.map, this.outline.getSource()!);
    this.map.on("moveend", () => this.showFullWhenClose());
    for (const name of ["pointerdrag", "wheel", "dblclick"] as const) {
      (this.map as { on(type: string, listener: () => void): unknown }).on(name, () => this.setMode("kept"));
    }
    target.addEventListener("wheel", () => this.setMode("kept"), { passive: true });
  }

  dispose(): void {
    this.map.setTarget(undefined);
    this.map.dispose();
  }

  show(next: Shown): void {
    const before = this.shown;
    this.shown = next;
    if (samePhoto(before, next) && this.hand.isActive()) return; // what is drawn by hand stays
    if (!samePhoto(before, next) || this.isBroken) this.load(next, before);
    this.drawOutlines(next);
    if (!samePhoto(before, next) || before?.outlines !== next.outlines) this.placeView();
  }

  /** Lay an earlier picture of the same ground over the photo; null takes it away. */
  showEarlier(url: string | null): void {
    if (!this.shown || !url) return this.earlier.setSource(null);
    const projection = this.map.getView().getProjection();
    this.earlier.setSource(new ImageStatic({ url, projection, imageExtent: this.wholeExtent(), interpolate: true }));
  }

  /** Show the earlier picture left of a line, which is so far across the view: 0 to 1. */
  swipeTo(share: number): void {
    this.swiped = share;
    this.earlier.changed();
  }

  private clip(event: RenderEvent): void {
    const context = event.context as CanvasRenderingContext2D;
    const [across, down] = this.map.getSize() ?? [0, 0];
    const x = across! * this.swiped;
    const corners = [[0, 0], [x, 0], [x, down!], [0, down!]].map((corner) => getRenderPixel(event, corner));
    context.save();
    context.beginPath();
    for (const [index, [cornerX, cornerY]] of corners.entries()) {
      if (index) context.lineTo(cornerX!, cornerY!);
      else context.moveTo(cornerX!, cornerY!);
    }
    context.closePath();
    context.clip();
  }

  startCorrecting(): void {
    this.hand.startCorrecting();
  }

  startDrawing(onDrawn: (corners: Ring) => void): void {
    if (this.shown) this.hand.startDrawing(this.shown.height, onDrawn);
  }

  corrected(): Corrected[] {
    return this.shown ? this.hand.corrected(this.shown.height) : [];
  }

  /** Take back the last step of what is drawn by hand, or do it once more; tells whether there was one. */
  turn(way: "back" | "again"): boolean {
    return this.hand.turn(way);
  }

  /** Draw the outlines as they are known, without what was drawn by hand. */
  stopDrawing(): void {
    this.hand.stop();
    if (this.shown) this.drawOutlines(this.shown);
  }

  clear(): void {
    this.hand.stop();
    this.shown = null;
    this.overview.setSource(null);
    this.full.setSource(null);
    this.earlier.setSource(null);
    this.outline.getSource()?.clear();
  }

  setOutlineVisible(visible: boolean): void {
    this.outline.setVisible(visible);
  }

  zoomToObject(animate = true): void {
    this.setMode("object");
    this.fit(this.objectExtent(), animate);
  }

  zoomWhole(animate = true): void {
    this.setMode("whole");
    this.fit(this.wholeExtent(), animate);
  }

  zoomBy(factor: number): void {
    const view = this.map.getView();
    const resolution = view.getResolution();
    if (resolution === undefined) return;
    this.setMode("kept");
    view.animate({ resolution: view.getConstrainedResolution(resolution / factor), duration: STILL.matches ? 0 : 120 });
  }

  private setMode(mode: ZoomMode): void {
    if (this.mode === mode) return;
    this.mode = mode;
    this.onMode(mode);
  }

  private load(next: Shown, before: Shown | null): void {
    const extent: Extent = [0, 0, next.width, next.height];
    if (before?.width !== next.width || before.height !== next.height) this.newView(extent);
    const projection = this.map.getView().getProjection();
    const url = next.url ?? photoUrl(next.photo, OVERVIEW_PX);
    this.full.setSource(null);
    this.earlier.setSource(null);
    this.onLoading(false);
    const source = new ImageStatic({ url, projection, imageExtent: extent, interpolate: true });
    this.isBroken = false;
    source.on("imageloaderror", () => (this.isBroken = true));
    this.overview.setSource(source);
  }

  private newView(extent: Extent): void {
    const kept = this.map.getView().getResolution();
    const projection = new Projection({ code: "photo", units: "pixels", extent });
    const longest = Math.max(getWidth(extent), getHeight(extent));
    this.map.setView(
      new View({
        projection,
        center: getCenter(extent),
        resolution: kept ?? longest / 800,
        minResolution: 1 / 12,
        maxResolution: longest / 160,
        showFullExtent: true,
        enableRotation: false,
        smoothExtentConstraint: true,
        extent: [-longest / 2, -longest / 2, getWidth(extent) + longest / 2, getHeight(extent) + longest / 2],
      }),
    );
  }

  private placeView(): void {
    if (this.mode === "object") return this.zoomToObject(false);
    if (this.mode === "whole" || this.showsMoreThanAll()) return this.fit(this.wholeExtent(), false);
    this.map.getView().setCenter(getCenter(this.objectExtent()));
  }

  /** A kept zoom that leaves a smaller photo swimming in the dark is of no use. */
  private showsMoreThanAll(): boolean {
    const [, , width, height] = this.wholeExtent() as [number, number, number, number];
    const resolution = this.map.getView().getResolution() ?? 1;
    const [across, down] = this.map.getSize() ?? [0, 0];
    return across! * resolution > width && down! * resolution > height;
  }

  private wholeExtent(): Extent {
    return this.shown ? [0, 0, this.shown.width, this.shown.height] : [0, 0, 1, 1];
  }

  private fit(extent: Extent, animate: boolean): void {
    this.map.updateSize();
    this.map.getView().fit(extent, { padding: PADDING_PX, duration: animate && !STILL.matches ? 180 : 0 });
  }

  /** The object with its surroundings, moved into the photo where it lies at the edge. */
  private objectExtent(): Extent {
    const whole = this.wholeExtent();
    const outlined = this.outline.getSource()?.getExtent();
    if (!this.shown?.outlines.length || !outlined) return whole;
    const [width, height] = [getWidth(whole), getHeight(whole)];
    const wanted = Math.max(getWidth(outlined) * CONTEXT, getHeight(outlined) * CONTEXT, LEAST_EXTENT_PX);
    const half = Math.min(wanted, Math.max(width, height)) / 2;
    const [x, y] = getCenter(outlined) as [number, number];
    const [middleX, middleY] = [inside(x, half, width), inside(y, half, height)];
    return getIntersection([middleX - half, middleY - half, middleX + half, middleY + half], whole);
  }

  private drawOutlines(shown: Shown): void {
    const source = this.outline.getSource();
    source?.clear();
    for (const [index, { rings, colour, label }] of shown.outlines.entries()) {
      const feature = new Feature(new Polygon(rings.map((ring) => fromPixels(ring, shown.height))));
      feature.set("index", index);
      feature.setStyle(outlineStyles(colour, label));
      source?.addFeature(feature);
    }
  }

  private showFullWhenClose(): void {
    const shown = this.shown;
    const resolution = this.map.getView().getResolution();
    if (!shown || shown.url || resolution === undefined || this.full.getSource()) return;
    const overviewResolution = Math.max(shown.width, shown.height) / OVERVIEW_PX;
    if (overviewResolution <= 1 || resolution >= overviewResolution * 0.9) return;
    const source = new ImageStatic({
      url: photoUrl(shown.photo),
      projection: this.map.getView().getProjection(),
      imageExtent: [0, 0, shown.width, shown.height],
      interpolate: true,
    });
    this.onLoading(true);
    source.on(["imageloadend", "imageloaderror"], () => this.onLoading(false));
    this.full.setSource(source);
  }
}

const inside = (middle: number, half: number, size: number) =>
  2 * half >= size ? size / 2 : Math.min(Math.max(middle, half), size - half);

function outlineStyles(colour: string, label: string): Style[] {
  return [
    new Style({ stroke: new Stroke({ color: "rgba(0, 0, 0, 0.75)", width: 5 }) }),
    new Style({
      stroke: new Stroke({ color: colour, width: 2.5 }),
      fill: new Fill({ color: `${colour}30` }),
    }),
    new Style({
      geometry: (feature) => {
        const extent = feature.getGeometry()?.getExtent();
        return extent && new Polygon([[[extent[0]!, extent[3]!], [extent[2]!, extent[3]!], [extent[0]!, extent[3]!]]]);
      },
      text: new Text({
        text: label,
        placement: "point",
        overflow: true,
        offsetY: -16,
        font: "600 13px system-ui, 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', sans-serif",
        fill: new Fill({ color: "#ffffff" }),
        backgroundFill: new Fill({ color: "rgba(13, 17, 22, 0.82)" }),
        padding: [3, 6, 2, 6],
      }),
    }),
  ];
}
