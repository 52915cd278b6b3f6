// What the command page asks of the server.

import { answer, request } from "../api";
import type { Label } from "../types";

export type Tally = Record<string, number | null>;

export interface FigureRow {
  label: Label;
  now: Tally;
  before: Tally;
}

export interface Figures {
  title: Label;
  period: Length;
  first: string;
  last: string;
  names: { name: string; label: Label }[];
  shares: { name: string; label: Label }[];
  now: Tally;
  before: Tally;
  by_town: FigureRow[];
  by_department: FigureRow[];
  by_category: FigureRow[];
}

export type Length = "day" | "week" | "month";

export interface CellState {
  code: string;
  name: string;
  town: string;
  village: string;
  officer: string;
  to_review: number;
  open: number;
  overdue: number;
  last_patrol: string | null;
}

/** Number, longitude, latitude, stage, category, urgency, overdue, which of the cells (-1: none), due at. */
export type CasePoint = [string, number, number, string, string, number, boolean, number, string | null];

export interface BasemapTiles {
  url: string;
  frame: "wgs84" | "gcj02";
  credit: string;
}

export interface District {
  asked_at: string;
  cells: CellState[];
  cases: CasePoint[];
  left_out: number;
  basemap: BasemapTiles | null;
}

export interface SortieState {
  code: string;
  cells: string[];
  drone: string;
  photos_planned: number;
  duration_s: number;
  distance_m: number;
  battery_share: number;
  line: [number, number][];
  simulated: {
    passed: boolean;
    is_of_this_file: boolean;
    scenarios: Record<string, boolean>;
    problem: string | null;
    photos_taken: number;
  } | null;
  flights: {
    name: string;
    completed: boolean;
    problem: string | null;
    photos: number;
    photos_planned: number;
    duration_s: number;
    battery_share: number | null;
    troubles: string[];
  }[];
  seen_share: Record<string, number>;
}

export interface LiveFlight {
  name: string;
  points: [number, number, number][];
  speed_m_s: number | null;
  progress: {
    phase: string;
    mode: string;
    item: number;
    items: number;
    photos: number;
    photos_planned: number;
    height_home_m: number;
    battery_share: number | null;
  } | null;
}

export interface InspectorFigures {
  who: string;
  confirmed: number;
  rejected: Record<string, number>;
  overturned: number;
  looked_again: number;
  agreed: number;
  controls: number;
  right: number;
}

export interface ModelFigures {
  model_sha256: string;
  class_name: string;
  confirmed: number;
  rejected: Record<string, number>;
}

export interface Precision {
  inspectors: InspectorFigures[];
  models: ModelFigures[];
  disagreements: {
    no: string;
    first_by: string;
    first: string;
    second_by: string;
    second: string;
    reason: string;
    at: string;
  }[];
  pending_looks: number;
}

export const commandApi = {
  refly: (code: string) => answer(`/api/refly/${encodeURIComponent(code)}.zip`, (found) => found.blob()),
  precision: () => request<Precision>("/api/precision"),
  flights: () => request<SortieState[]>("/api/flights"),
  district: () => request<District>("/api/district"),
  figures(period: Length, on: string): Promise<Figures> {
    const query = new URLSearchParams({ period });
    if (on) query.set("on", on);
    return request<Figures>(`/api/figures?${query}`);
  },
};
