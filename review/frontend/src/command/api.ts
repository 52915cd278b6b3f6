// What the command page asks of the server.

import { ApiError, request } from "../api";
import type { Label } from "../types";

export { ApiError };

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

/** Number, longitude, latitude, stage, category, urgency, overdue. */
export type CasePoint = [string, number, number, string, string, number, boolean];

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

export const commandApi = {
  district: () => request<District>("/api/district"),
  figures(period: Length, on: string): Promise<Figures> {
    const query = new URLSearchParams({ period });
    if (on) query.set("on", on);
    return request<Figures>(`/api/figures?${query}`);
  },
};
