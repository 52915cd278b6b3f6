// Web Mercator of base maps in GCJ-02, as geo/gcj02.py has it; only where tiles are drawn.

import { get as getProjection, addCoordinateTransforms, addProjection, fromLonLat, Projection, toLonLat } from "ol/proj.js";
import type { Coordinate } from "ol/coordinate.js";

const CODE = "GCJ02:3857";
const A_M = 6_378_245; // Krassovsky 1940
const E2 = 0.00669342162296594323;
const ROUNDS = 12;

/** A place in degrees as a base map in GCJ-02 has it; the same outside China. */
export function gcj02FromWgs84([lon, lat]: [number, number]): [number, number] {
  if (lon < 72.004 || lon > 137.8347 || lat < 0.8293 || lat > 55.8271) return [lon, lat];
  const [x, y, sin, pi] = [lon - 105, lat - 35, Math.sin, Math.PI];
  const root = Math.sqrt(Math.abs(x));
  const both = ((20 * sin(6 * x * pi) + 20 * sin(2 * x * pi)) * 2) / 3;
  const eastM =
    300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + both +
    ((20 * sin(x * pi) + 40 * sin((x / 3) * pi)) * 2) / 3 +
    ((150 * sin((x / 12) * pi) + 300 * sin((x / 30) * pi)) * 2) / 3;
  const northM =
    -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + both +
    ((20 * sin(y * pi) + 40 * sin((y / 3) * pi)) * 2) / 3 +
    ((160 * sin((y / 12) * pi) + 320 * sin((y * pi) / 30)) * 2) / 3;
  const latRad = (lat * pi) / 180;
  const w2 = 1 - E2 * sin(latRad) ** 2;
  const east = ((eastM / ((A_M / Math.sqrt(w2)) * Math.cos(latRad))) * 180) / pi;
  const north = ((northM / ((A_M * (1 - E2)) / w2 ** 1.5)) * 180) / pi;
  return [lon + east, lat + north];
}

/** Back, by iteration; the offset changes by less than a hundredth of itself over its length. */
export function wgs84FromGcj02([lon, lat]: [number, number]): [number, number] {
  let place: [number, number] = [lon, lat];
  for (let round = 0; round < ROUNDS; round += 1) {
    const [x, y] = gcj02FromWgs84(place);
    place = [place[0] + lon - x, place[1] + lat - y];
  }
  return place;
}

/** The projection of such tiles; made known to OpenLayers when it is first asked for. */
export function gcj02Mercator(): Projection {
  const known = getProjection(CODE);
  if (known) return known;
  const mercator = getProjection("EPSG:3857")!;
  const made = new Projection({ code: CODE, units: "m", extent: mercator.getExtent(), global: true });
  addProjection(made);
  const by = (shift: (place: [number, number]) => [number, number]) => (at: Coordinate) =>
    fromLonLat(shift(toLonLat(at) as [number, number]));
  addCoordinateTransforms(mercator, made, by(gcj02FromWgs84), by(wgs84FromGcj02));
  return made;
}
