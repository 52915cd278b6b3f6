// How a cell is coloured: steps of one scale from calm to pressing, told apart by lightness alone.

import type { CellState } from "./api";

export type Measure = "days" | "to_review" | "open" | "overdue";

const DAY_MS = 86_400_000;
/** Cividis (Nunez, Anderton and Renslow 2018), five steps: it reads the same with colour blindness. */
const SCALE = ["#123570", "#4f576c", "#7f7c75", "#b8a569", "#fee838"];
const NEVER = "#cc79a7";
const ALPHA = "b0";
const STEPS: Record<Measure, number[]> = {
  days: [1, 3, 7, 14],
  to_review: [1, 3, 6, 11],
  open: [1, 3, 6, 11],
  overdue: [1, 2, 4, 8],
};

export function valueOf(cell: CellState, measure: Measure, now: number): number | null {
  if (measure !== "days") return cell[measure];
  if (!cell.last_patrol) return null;
  return Math.max(0, Math.floor((now - Date.parse(cell.last_patrol)) / DAY_MS));
}

/** Whether a case is among those that a measure counts; of days since a patrol all are. */
export function isCounted(measure: Measure, stage: string, overdue: boolean): boolean {
  if (measure === "overdue") return overdue;
  return measure === "to_review" ? stage === "reported" : true;
}

export function shadeOf(value: number | null, measure: Measure): string {
  if (value === null) return NEVER + ALPHA;
  return SCALE[STEPS[measure].filter((step) => value >= step).length]! + ALPHA;
}

/** Colour and words of each step, calm first. */
export function legendOf(measure: Measure, never: string): [string, string][] {
  const steps = [0, ...STEPS[measure]];
  const named = steps.map((from, at): [string, string] => {
    const next = steps[at + 1];
    const text = next === undefined ? `≥ ${from}` : next - from === 1 ? `${from}` : `${from}–${next - 1}`;
    return [SCALE[at]! + ALPHA, text];
  });
  return measure === "days" ? [...named, [NEVER + ALPHA, never]] : named;
}
