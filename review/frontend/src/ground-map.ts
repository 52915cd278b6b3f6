// The map beside the photo: cells, zones, cases and what the shown photo covers, drawn from our own data.

import Feature, { type FeatureLike } from "ol/Feature.js";
import Map from "ol/Map.js";
import View from "ol/View.js";
import ScaleLine from "ol/control/ScaleLine.js";
import { createEmpty, extend, isEmpty, type Extent } from "ol/extent.js";
import GeoJSON from "ol/format/GeoJSON.js";
import { shiftKeyOnly } from "ol/events/condition.js";
import Point from "ol/geom/Point.js";
import DragBox from "ol/interaction/DragBox.js";
import { defaults as defaultInteractions } from "ol/interaction/defaults.js";
import VectorLayer from "ol/layer/Vector.js";
import { fromLonLat } from "ol/proj.js";
import VectorSource from "ol/source/Vector.js";
import { Circle, Fill, RegularShape, Stroke, Style, Text } from "ol/style.js";
import { MAP_COLOURS, stageColour, stageShape, zoneColour } from "./palette";
import type { CaseDetail, CaseItem, CasePhoto } from "./types";

const FONT = "system-ui, 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', sans-serif";
/** Half of what is shown around a case, in metres of the map. */
const NEAR_M = 170;
/** Metres per pixel of the map below which the object itself is seen better than a mark. */
const OBJECT_RESOLUTION = 1.5;
/** Metres per pixel of the display below which cells carry their name. */
const LABEL_RESOLUTION = 6;

const geojson = new GeoJSON({ featureProjection: "EPSG:3857" }); // for display only, never measured

export class GroundMap {
  private readonly map: Map;
  private readonly cells = new VectorSource();
  private readonly zones = new VectorSource();
  private readonly footprint = new VectorSource();
  private readonly object = new VectorSource();
  private readonly points = new VectorSource();
  private selected = "";
  private ownCell = "";

  private boxing = false;

  /** `onBox` is told the cases in a box that was drawn with Shift held, or while boxing is on. */
  constructor(target: HTMLElement, onSelect: (no: string) => void, onBox: (numbers: string[]) => void) {
    this.map = new Map({
      target,
      controls: [new ScaleLine({ minWidth: 64 })],
      interactions: defaultInteractions({
        keyboard: false,
        altShiftDragRotate: false,
        pinchRotate: false,
        shiftDragZoom: false,
      }),
      view: new View({ center: [0, 0], zoom: 2, minZoom: 2, maxZoom: 22, enableRotation: false }),
      layers: [
        new VectorLayer({ source: this.zones, style: zoneStyle }),
        new VectorLayer({
          source: this.cells,
          declutter: true,
          style: (cell, resolution) => cellStyle(cell, resolution, this.ownCell),
        }),
        new VectorLayer({ source: this.footprint, style: footprintStyle }),
        new VectorLayer({ source: this.points, style: (point, resolution) => pointStyle(point, resolution, this.selected) }),
        new VectorLayer({ source: this.object, style: objectStyle }),
      ],
    });
    const box = new DragBox({ condition: (event) => this.boxing || shiftKeyOnly(event) });
    box.on("boxend", () => onBox(this.casesIn(box.getGeometry().getExtent())));
    this.map.addInteraction(box);
    this.map.on("singleclick", (event) => {
      const no = this.caseAt(event.pixel);
      if (no) onSelect(no);
    });
    this.map.on("pointermove", (event) => {
      target.style.cursor = this.caseAt(event.pixel) ? "pointer" : "";
    });
  }

  setBoxing(boxing: boolean): void {
    this.boxing = boxing;
  }

  private casesIn(extent: Extent): string[] {
    const found: string[] = [];
    this.points.forEachFeatureInExtent(extent, (point) => void found.push(point.get("no") as string));
    return found;
  }

  dispose(): void {
    this.map.setTarget(undefined);
    this.map.dispose();
  }

  setLayers(cells: object, zones: object): void {
    this.cells.clear();
    this.cells.addFeatures(geojson.readFeatures(cells) as Feature[]);
    this.zones.clear();
    this.zones.addFeatures(geojson.readFeatures(zones) as Feature[]);
    if (!this.selected) this.fitAll();
  }

  setCases(items: CaseItem[]): void {
    this.points.clear();
    this.points.addFeatures(
      items.map((item) => {
        const feature = new Feature(new Point(fromLonLat([item.lon_deg, item.lat_deg])));
        feature.setProperties({ no: item.no, stage: item.stage, urgent: item.urgency === 1 });
        return feature;
      }),
    );
  }

  showCase(detail: CaseDetail, colour: string): void {
    const moved = this.selected !== detail.no;
    this.selected = detail.no;
    this.ownCell = detail.cell_code;
    this.object.clear();
    this.object.addFeatures([
      this.read(detail.doubt, { part: "doubt", colour }),
      this.read(detail.outline, { part: "object", colour }),
    ]);
    this.points.changed();
    this.cells.changed();
    if (moved) this.fitCase();
  }

  showPhoto(photo: CasePhoto | undefined): void {
    this.footprint.clear();
    if (photo?.footprint) this.footprint.addFeature(this.read(photo.footprint, {}));
  }

  clearCase(): void {
    this.selected = this.ownCell = "";
    this.object.clear();
    this.footprint.clear();
    this.points.changed();
    this.cells.changed();
  }

  fitCase(): void {
    const extent = this.object.getExtent();
    if (!extent || isEmpty(extent)) return;
    const [west, south, east, north] = extent as [number, number, number, number];
    const around = Math.max(NEAR_M, (east - west) * 2, (north - south) * 2);
    const [x, y] = [(west + east) / 2, (south + north) / 2];
    this.fit([x - around, y - around, x + around, y + around]);
  }

  fitAll(): void {
    const extent = createEmpty();
    for (const source of [this.cells, this.points]) {
      const part = source.getExtent();
      if (part && !isEmpty(part)) extend(extent, part);
    }
    if (!isEmpty(extent)) this.fit(extent);
  }

  zoomBy(levels: number): void {
    const view = this.map.getView();
    view.animate({ zoom: (view.getZoom() ?? 10) + levels, duration: 120 });
  }

  private fit(extent: Extent): void {
    this.map.updateSize();
    this.map.getView().fit(extent, { padding: [16, 16, 16, 16], maxZoom: 21 });
  }

  private read(geometry: object, properties: object): Feature {
    const feature = new Feature(geojson.readGeometry(geometry) ?? undefined);
    feature.setProperties(properties);
    return feature;
  }

  private caseAt(pixel: number[]): string | undefined {
    const find = (feature: FeatureLike) => feature.get("no") as string | undefined;
    return this.map.forEachFeatureAtPixel(pixel, find, { hitTolerance: 5 });
  }
}

function cellStyle(cell: FeatureLike, resolution: number, ownCell: string): Style {
  const own = cell.get("code") === ownCell;
  const name = (cell.get("name") as string) || (cell.get("village") as string);
  const text = resolution < LABEL_RESOLUTION ? `${name}\n${cell.get("code")}` : "";
  return new Style({
    fill: new Fill({ color: own ? MAP_COLOURS.ownCellFill : MAP_COLOURS.cellFill }),
    stroke: new Stroke({ color: own ? MAP_COLOURS.ownCellLine : MAP_COLOURS.cellLine, width: own ? 2 : 1 }),
    zIndex: own ? 1 : 0,
    text: new Text({
      text,
      font: `500 11px ${FONT}`,
      fill: new Fill({ color: MAP_COLOURS.cellText }),
      stroke: new Stroke({ color: "#12161b", width: 3 }),
    }),
  });
}

function zoneStyle(zone: FeatureLike): Style {
  const colour = zoneColour(zone.get("layer") as string);
  return new Style({
    fill: new Fill({ color: `${colour}30` }),
    stroke: new Stroke({ color: `${colour}d0`, width: 1 }),
  });
}

const footprintStyle = new Style({
  stroke: new Stroke({ color: MAP_COLOURS.footprint, width: 1.5, lineDash: [7, 5] }),
});

function objectStyle(feature: FeatureLike): Style {
  const colour = feature.get("colour") as string;
  if (feature.get("part") === "doubt") {
    return new Style({ stroke: new Stroke({ color: MAP_COLOURS.doubt, width: 1.5, lineDash: [2, 4] }) });
  }
  return new Style({
    fill: new Fill({ color: `${colour}66` }),
    stroke: new Stroke({ color: colour, width: 2 }),
  });
}

function pointStyle(point: FeatureLike, resolution: number, selected: string): Style | Style[] {
  const own = point.get("no") === selected;
  const colour = stageColour(point.get("stage") as string);
  const near = own && resolution < OBJECT_RESOLUTION;
  const image = marker(point.get("stage") as string, colour, near ? 3 : own ? 8 : 6);
  const ring = new Circle({ radius: near ? 18 : 13, stroke: new Stroke({ color: "#ffffff", width: 2 }) });
  const style = new Style({ image, zIndex: own ? 3 : point.get("urgent") ? 2 : 1 });
  return own ? [new Style({ image: ring, zIndex: 3 }), style] : style;
}

function marker(stage: string, colour: string, radius: number) {
  const fill = new Fill({ color: colour });
  const stroke = new Stroke({ color: "#0d1116", width: 1.5 });
  switch (stageShape(stage)) {
    case "circle":
      return new Circle({ radius, fill, stroke });
    case "triangle":
      return new RegularShape({ points: 3, radius: radius + 1, fill, stroke });
    case "square":
      return new RegularShape({ points: 4, radius: radius + 1, angle: Math.PI / 4, fill, stroke });
    case "cross":
      return new RegularShape({
        points: 4,
        radius,
        radius2: 0,
        angle: Math.PI / 4,
        stroke: new Stroke({ color: colour, width: 2.5 }),
      });
  }
}
