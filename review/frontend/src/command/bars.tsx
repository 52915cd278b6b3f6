// Lying bars: this period above, the one before below; drawn as SVG, read as a list.

import { useWords } from "../i18n";
import type { CommandStrings } from "./words";

export interface Bar {
  label: string;
  now: number;
  before: number;
}

const ROW = 34;
const LEFT = 186;
const WIDTH = 520;
const ROOM = WIDTH - LEFT - 56;

export function Bars({ title, bars, t }: { title: string; bars: Bar[]; t: CommandStrings }) {
  const words = useWords();
  const most = Math.max(1, ...bars.flatMap((bar) => [bar.now, bar.before]));
  const told = bars
    .map((bar) => `${bar.label}: ${words.number(bar.now)} (${t.before} ${words.number(bar.before)})`)
    .join("; ");
  return (
    <figure class="bars">
      <svg viewBox={`0 0 ${WIDTH} ${bars.length * ROW}`} role="img" aria-label={`${title}. ${told}`}>
        {bars.map((bar, row) => (
          <g key={bar.label} transform={`translate(0 ${row * ROW})`}>
            <text class="bar-label" x={LEFT - 8} y="19" text-anchor="end">
              {shortened(bar.label)}
              <title>{bar.label}</title>
            </text>
            <rect class="bar-now" x={LEFT} y="4" height="13" width={Math.max(1, (ROOM * bar.now) / most)} />
            <rect class="bar-before" x={LEFT} y="19" height="8" width={Math.max(1, (ROOM * bar.before) / most)} />
            <text class="bar-value" x={LEFT + Math.max(1, (ROOM * bar.now) / most) + 5} y="15">
              {words.number(bar.now)}
            </text>
          </g>
        ))}
      </svg>
      <figcaption>
        <span class="key now" /> {t.thisPeriod} <span class="key before" /> {t.before}
      </figcaption>
    </figure>
  );
}

/** What a label has room for: a Chinese character is as wide as two others. */
function shortened(label: string): string {
  let width = 0;
  for (const [at, sign] of [...label].entries()) {
    width += sign.charCodeAt(0) > 0x2e80 ? 2 : 1;
    if (width > 21) return `${[...label].slice(0, at).join("")}…`;
  }
  return label;
}
