// Small marks that say the same in every place: the stage of a case, the class of an object.

import { useWords } from "./i18n";
import { stageColour, stageShape, type Shape } from "./palette";

const PATHS: Record<Shape, string> = {
  circle: "M6 1.5a4.5 4.5 0 1 0 0 9a4.5 4.5 0 0 0 0-9z",
  square: "M1.5 1.5h9v9h-9z",
  triangle: "M6 1l5 9.5H1z",
  cross: "M2 2l8 8M10 2l-8 8",
};

export function StageMark({ stage }: { stage: string }) {
  const shape = stageShape(stage);
  const colour = stageColour(stage);
  const paint = shape === "cross" ? { stroke: colour, "stroke-width": 2.2 } : { fill: colour };
  return (
    <svg class="mark" viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">
      <path d={PATHS[shape]} {...paint} />
    </svg>
  );
}

export function StageChip({ stage }: { stage: string }) {
  return (
    <span class="chip">
      <StageMark stage={stage} />
      {useWords().stage(stage)}
    </span>
  );
}

export function Score({ value }: { value: number | null }) {
  const words = useWords();
  if (value === null) return <span class="score">{words.t.drawnScore}</span>;
  return (
    <span class="score" title={words.t.score}>
      <span class="hidden-label">{words.t.score} </span>
      <meter min={0} max={1} value={value} aria-hidden="true" />
      {words.number(value, 2)}
    </span>
  );
}
