// Lying bars: this period above, the one before below; drawn as SVG, read as a list.

import { useEffect, useState } from "preact/hooks";
import { useWords } from "../i18n";
import type { CommandStrings } from "./words";

export interface Bar {
  label: string;
  now: number;
  before: number;
}

interface Measures {
  width: number;
  row: number;
  /** Where bars begin. */
  left: number;
  /** Below the label, where it stands above its bars. */
  top: number;
}

const WIDE: Measures = { width: 520, row: 34, left: 186, top: 0 };
/** As wide as the board is on a phone, so that words keep their size. */
const NARROW: Measures = { width: 316, row: 50, left: 0, top: 17 };
const VALUE = 56;
const PHONE = matchMedia("(max-width: 560px)");

function useMeasures(): Measures {
  const [isPhone, turn] = useState(PHONE.matches);
  useEffect(() => {
    const look = () => turn(PHONE.matches);
    PHONE.addEventListener("change", look);
    return () => PHONE.removeEventListener("change", look);
  }, []);
  return isPhone ? NARROW : WIDE;
}

export function Bars({ title, bars, t }: { title: string; bars: Bar[]; t: CommandStrings }) {
  const words = useWords();
  const { width, row: height, left, top } = useMeasures();
  const most = Math.max(1, ...bars.flatMap((bar) => [bar.now, bar.before]));
  const told = bars
    .map((bar) => `${bar.label}: ${words.number(bar.now)} (${t.before} ${words.number(bar.before)})`)
    .join("; ");
  const lengthOf = (count: number) => Math.max(1, ((width - left - VALUE) * count) / most);
  return (
    <figure class="bars">
      <svg viewBox={`0 0 ${width} ${bars.length * height}`} role="img" aria-label={`${title}. ${told}`}>
        {bars.map((bar, row) => (
          <g key={bar.label} transform={`translate(0 ${row * height})`}>
            {left ? (
              <text class="bar-label" x={left - 8} y="19" text-anchor="end">
                {shortened(bar.label)}
                <title>{bar.label}</title>
              </text>
            ) : (
              <text class="bar-label" x="0" y="14">
                {bar.label}
              </text>
            )}
            <rect class="bar-now" x={left} y={top + 4} height="13" width={lengthOf(bar.now)} />
            <rect class="bar-before" x={left} y={top + 19} height="8" width={lengthOf(bar.before)} />
            <text class="bar-value" x={left + lengthOf(bar.now) + 5} y={top + 15}>
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
