// Colours of stages and layers: Okabe and Ito (2008), told apart with the common colour blindnesses.

export const STAGE_COLOURS: Record<string, string> = {
  reported: "#f0e442",
  established: "#56b4e9",
  assigned: "#56b4e9",
  handling: "#56b4e9",
  fed_back: "#56b4e9",
  suspended: "#cc79a7",
  snoozed: "#cc79a7",
  closed: "#00b386",
  evaluated: "#00b386",
  rejected: "#8b97a3",
  withdrawn: "#8b97a3",
};

/** Shapes say the same as the colours, for those who do not see them. */
export type Shape = "circle" | "square" | "cross" | "triangle";

export const STAGE_SHAPES: Record<string, Shape> = {
  reported: "circle",
  rejected: "cross",
  withdrawn: "cross",
  closed: "triangle",
  evaluated: "triangle",
};

export const stageColour = (stage: string) => STAGE_COLOURS[stage] ?? "#8b97a3";
export const stageShape = (stage: string): Shape => STAGE_SHAPES[stage] ?? "square";

export const MAP_COLOURS = {
  cellFill: "rgba(86, 104, 122, 0.14)",
  cellLine: "#5d6c7b",
  cellText: "#a9b6c3",
  ownCellFill: "rgba(232, 237, 242, 0.05)",
  ownCellLine: "#e8edf2",
  footprint: "#cfd8e0",
  doubt: "#ffffff",
};

/** Colour of a zone layer by its name; other layers are grey. */
const ZONE_COLOURS: Record<string, string> = {
  farmland: "#8fae5d",
  closed_water: "#3f8fd0",
  open_water: "#6f9fc0",
  permitted: "#00b386",
  industrial: "#cc79a7",
};
export const zoneColour = (layer: string) => ZONE_COLOURS[layer] ?? "#8b97a3";
