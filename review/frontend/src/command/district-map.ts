// The district drawn from its own layers: cells by colour, cases as dots, tiles below where there are any.

import Feature, { type FeatureLike } from "ol/Feature.js";
import Map from "ol/Map.js";
import View from "ol/View.js";
import ScaleLine from "ol/control/ScaleLine.js";
import Attribution from "ol/control/Attribution.js";
import { createEmpty, extend, isEmpty } from "ol/extent.js";
import GeoJSON from "ol/format/GeoJSON.js";
import Point from "ol/geom/Point.js";
import { defaults as defaultInteractions } from "ol/interaction/defaults.js";
import TileLayer from "ol/layer/Tile.js";
import VectorLayer from "ol/layer/Vector.js";
import { fromLonLat } from "ol/proj.js";
import VectorSource from "ol/source/Vector.js";
import XYZ from "ol/source/XYZ.js";
import { Circle, Fill, RegularShape, Stroke, Style, Text } from "ol/style.js";
import { stageColour, stageShape } from "../palette";
import type { BasemapTiles, CasePoint } from "./api";
import { gcj02Mercator } from "./gcj02";

const FONT = "system-ui, 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', sans-serif";
/** Metres per pixel of the display below which cells carry their code. */
const LABEL_RESOLUTION = 8;
const geojson = new GeoJSON({ featureProjection: "EPSG:3857" }); // for display only, never measured

export class DistrictMap {
  private readonly map: Map;
  private readonly cells = new VectorSource();
  private readonly points = new VectorSource();
  private readonly cellLayer: VectorLayer;
  private colourOf: (code: string) => string = () => "transparent";
  private isShown: (code: string) => boolean = () => true;
  private selected = "";

  constructor(target: HTMLElement, basemap: BasemapTiles | null, onCell: (code: string) => void, onCase: (no: string) => void) {
    this.cellLayer = new VectorLayer({ source: this.cells, style: (cell, resolution) => this.cellStyle(cell, resolution) });
    this.map = new Map({
      target,
      controls: [new ScaleLine({ minWidth: 64 }), ...(basemap?.credit ? [new Attribution({ collapsible: false })] : [])],
      interactions: defaultInteractions({ altShiftDragRotate: false, pinchRotate: false }),
      view: new View({ center: [0, 0], zoom: 2, minZoom: 2, maxZoom: 21, enableRotation: false }),
      layers: [
        ...(basemap ? [tiles(basemap)] : []),
        this.cellLayer,
        new VectorLayer({ source: this.points, style: (point) => this.pointStyle(point) }),
      ],
    });
    this.map.on("singleclick", (event) => {
      const found = this.map.getFeaturesAtPixel(event.pixel, { hitTolerance: 4 });
      const no = found.map((feature) => feature.get("no") as string | undefined).find(Boolean);
      const code = found.map((feature) => feature.get("code") as string | undefined).find(Boolean);
      if (no) onCase(no);
      else if (code) onCell(code);
    });
  }

  dispose(): void {
    this.map.setTarget(undefined);
    this.map.dispose();
  }

  setCells(layer: object): void {
    this.cells.clear();
    this.cells.addFeatures(geojson.readFeatures(layer) as Feature[]);
    this.fit(() => true);
  }

  setCases(cases: CasePoint[]): void {
    this.points.clear();
    this.points.addFeatures(
      cases.map(([no, lon, lat, stage, , urgency, overdue]) => {
        const feature = new Feature(new Point(fromLonLat([lon, lat])));
        feature.setProperties({ no, stage, urgency, overdue }, true);
        return feature;
      }),
    );
    if (this.cells.isEmpty()) this.fit(() => true);
  }

  /** Colour the cells anew; those of other places are drawn faintly. */
  paint(colourOf: (code: string) => string, isShown: (code: string) => boolean, selected: string): void {
    [this.colourOf, this.isShown, this.selected] = [colourOf, isShown, selected];
    this.cellLayer.changed();
  }

  fit(isWanted: (code: string) => boolean): void {
    const extent = createEmpty();
    for (const cell of this.cells.getFeatures()) {
      if (isWanted(cell.get("code") as string)) extend(extent, cell.getGeometry()!.getExtent());
    }
    const points = this.points.getExtent();
    if (isEmpty(extent) && points) extend(extent, points);
    if (isEmpty(extent)) return;
    this.map.updateSize();
    this.map.getView().fit(extent, { padding: [24, 24, 24, 24], maxZoom: 18 });
  }

  goTo([, lon, lat]: CasePoint): void {
    this.map.getView().setCenter(fromLonLat([lon, lat]));
    this.map.getView().setZoom(18);
  }

  zoomBy(levels: number): void {
    const view = this.map.getView();
    view.animate({ zoom: (view.getZoom() ?? 10) + levels, duration: 120 });
  }

  private cellStyle(cell: FeatureLike, resolution: number): Style {
    const code = cell.get("code") as string;
    const own = code === this.selected;
    const style = cached(`${this.isShown(code) ? this.colourOf(code) : ""}|${own}`, () => {
      const [colour, isOwn] = [this.isShown(code) ? this.colourOf(code) : "rgba(86, 104, 122, 0.12)", own];
      return new Style({
        fill: new Fill({ color: colour }),
        stroke: new Stroke({ color: isOwn ? "#ffffff" : "#41505e", width: isOwn ? 3 : 1 }),
        zIndex: isOwn ? 1 : 0,
      });
    });
    if (resolution > LABEL_RESOLUTION) return style;
    const labelled = style.clone();
    labelled.setText(
      new Text({
        text: `${(cell.get("name") as string) || (cell.get("village") as string)}\n${code}`,
        font: `500 11px ${FONT}`,
        fill: new Fill({ color: "#e8edf2" }),
        stroke: new Stroke({ color: "#12161b", width: 3 }),
      }),
    );
    return labelled;
  }

  private pointStyle(point: FeatureLike): Style {
    const stage = point.get("stage") as string;
    const late = point.get("overdue") as boolean;
    const urgent = (point.get("urgency") as number) === 1;
    return cached(`p|${stage}|${late}|${urgent}`, () => {
      const stroke = new Stroke({ color: late ? "#ff8a4c" : "#0d1116", width: late ? 2.5 : 1 });
      const fill = new Fill({ color: stageColour(stage) });
      const radius = late || urgent ? 6 : 4;
      const image =
        stageShape(stage) === "square"
          ? new RegularShape({ points: 4, angle: Math.PI / 4, radius: radius + 1, fill, stroke })
          : stageShape(stage) === "triangle"
            ? new RegularShape({ points: 3, radius: radius + 1, fill, stroke })
            : new Circle({ radius, fill, stroke });
      return new Style({ image, zIndex: late ? 2 : urgent ? 1 : 0 });
    });
  }
}

const styles: Record<string, Style> = {};
function cached(key: string, make: () => Style): Style {
  return (styles[key] ??= make());
}

function tiles(basemap: BasemapTiles): TileLayer {
  const projection = basemap.frame === "gcj02" ? gcj02Mercator() : "EPSG:3857";
  return new TileLayer({
    source: new XYZ({ url: basemap.url, projection, attributions: basemap.credit || undefined, maxZoom: 18 }),
  });
}
