// What draws with OpenLayers, built into a file of its own.

export { GroundMap } from "./ground-map";
export { PhotoView } from "./photo-view";
