// The district: a map beside a table that leads from towns to villages to cells.

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { api, type ApiError } from "../api";
import { Due } from "../due";
import { useWords } from "../i18n";
import { stageColour, stageShape } from "../palette";
import { StageMark } from "../symbols";
import type { Vocabulary } from "../types";
import { commandApi, type CasePoint, type CellState, type District } from "./api";
import { CaseList } from "./case-list";
import { DistrictMap } from "./district-map";
import { isCounted, legendOf, shadeOf, valueOf, type Measure } from "./shades";
import type { CommandStrings } from "./words";

const AGAIN_MS = 60_000;
/** On a phone the legend would cover the map. */
const WIDE = matchMedia("(min-width: 561px)");
const MEASURES: [Measure, keyof CommandStrings & ("days" | "toReview" | "open" | "overdue")][] = [
  ["days", "days"],
  ["to_review", "toReview"],
  ["open", "open"],
  ["overdue", "overdue"],
];

/** Where one has come to: nothing for the district, then a town, a village, a cell. */
interface Drilled {
  town?: string;
  village?: string;
  code?: string;
}

const NOWHERE: Drilled = {};
const KEY = "aerogrid.district";

/** What was looked at in this tab, until one comes back from a case. */
function keptView(): { measure: Measure; at: Drilled } {
  return { measure: "days", at: {}, ...(JSON.parse(sessionStorage.getItem(KEY) ?? "{}") as object) };
}

interface Group {
  label: string;
  to: Drilled;
  cells: CellState[];
}

export function DistrictView({ t, vocabulary }: { t: CommandStrings; vocabulary: Vocabulary }) {
  const words = useWords();
  const target = useRef<HTMLDivElement>(null);
  const map = useRef<DistrictMap | null>(null);
  const [district, setDistrict] = useState<District | null>(null);
  const [measure, setMeasure] = useState<Measure>(() => keptView().measure);
  const [wanted, drill] = useState<Drilled>(() => keptView().at);
  const [picked, pick] = useState<CasePoint | null>(null);
  const [refusal, setRefusal] = useState<ApiError | null>(null);
  const [sought, setSought] = useState(""); // and not found
  const byCode = useMemo(() => new Map(district?.cells.map((cell) => [cell.code, cell])), [district]);
  const read = () =>
    commandApi.district().then(
      (found) => (setDistrict(found), setRefusal(null)),
      setRefusal,
    );
  useEffect(() => {
    void read();
    const timer = window.setInterval(() => void read(), AGAIN_MS);
    return () => window.clearInterval(timer);
  }, []);
  const goTo = (to: Drilled) => {
    setSought("");
    drill(to);
    pick(null);
    map.current?.fit((code) => isIn(byCode.get(code), to));
  };
  const chooseCase = (found: CasePoint | undefined) => {
    if (found) pick(found);
  };
  const onCell = useRef((_: string) => {});
  const onCase = useRef((_: string) => {});
  onCell.current = (code) => {
    const cell = byCode.get(code);
    if (cell) drill({ town: cell.town, village: cell.village, code });
    pick(null);
  };
  onCase.current = (no) => chooseCase(district?.cases.find((entry) => entry[0] === no));
  const at = district?.cells.some((cell) => isIn(cell, wanted)) ? wanted : NOWHERE; // kept from one who sees more
  useEffect(() => sessionStorage.setItem(KEY, JSON.stringify({ measure, at: wanted })), [measure, wanted]);
  const isRead = district !== null;
  useEffect(() => {
    if (!district) return;
    const drawn = new DistrictMap(target.current!, district.basemap, (code) => onCell.current(code), (no) => onCase.current(no));
    map.current = drawn;
    void api.layer("cells").then((layer) => {
      drawn.setCells(layer);
      drawn.fit((code) => isIn(byCode.get(code), at));
    });
    return () => drawn.dispose();
  }, [isRead]);
  useEffect(() => {
    if (district) map.current?.setCases(district.cases);
  }, [district]);
  useEffect(() => {
    if (!district) return;
    const now = Date.parse(district.asked_at);
    const colourOf = (code: string) => {
      const cell = byCode.get(code);
      return cell ? shadeOf(valueOf(cell, measure, now), measure) : "transparent";
    };
    map.current?.paint(colourOf, (code) => isIn(byCode.get(code), at), at.code ?? "");
  }, [district, measure, at]);
  const search = (text: string) => {
    const found = find(district, text);
    setSought(found ? "" : text);
    if (!found) return;
    if (!Array.isArray(found)) return goTo(found);
    chooseCase(found);
    map.current?.goTo(found);
  };
  const listed = useMemo(() => {
    const isWhole = at.town === undefined && at.code === undefined;
    const within = district?.cases.filter(([, , , , , , , nth]) => isWhole || isIn(district.cells[nth], at)) ?? [];
    return within.filter(([, , , stage, , , overdue]) => isCounted(measure, stage, overdue));
  }, [district, at, measure]);
  const shown = district?.cells.filter((cell) => isIn(cell, at)) ?? [];
  return (
    <div class="district-view">
      <section class="district-map" aria-label={t.map}>
        <div ref={target} class="canvas" tabIndex={0} role="application" aria-label={t.map} />
        <div class="zoom-buttons">
          <button type="button" aria-label={t.zoomIn} onClick={() => map.current?.zoomBy(1)}>
            +
          </button>
          <button type="button" aria-label={t.zoomOut} onClick={() => map.current?.zoomBy(-1)}>
            −
          </button>
        </div>
        <details class="shades" open={WIDE.matches}>
          <summary>{t.legend}</summary>
          <ul aria-label={t.legend}>
          {legendOf(measure, t.never).map(([colour, text]) => (
            <li key={text}>
              <span class="shade" style={{ background: colour }} /> {text}
            </li>
          ))}
          {alikeStages(district?.cases ?? []).map(([stage, ...others]) => (
            <li key={stage}>
              <StageMark stage={stage!} /> {[stage!, ...others].map((name) => words.stage(name)).join(", ")}
            </li>
          ))}
          </ul>
        </details>
      </section>
      <section class="district-side" aria-label={t.district}>
        <Search t={t} onSearch={search} />
        <label>
          {t.colourBy}
          <select value={measure} onChange={(event) => setMeasure(event.currentTarget.value as Measure)}>
            {MEASURES.map(([name, word]) => (
              <option key={name} value={name}>
                {t[word]}
              </option>
            ))}
          </select>
        </label>
        {refusal ? <p role="alert">{words.refusal(refusal)}</p> : null}
        {sought ? <p role="alert">{t.notFound(sought)}</p> : null}
        {district ? <p class="muted">{t.asOf(words.clock(Date.parse(district.asked_at)))}</p> : null}
        {district || refusal ? null : <p class="muted">{t.loading}</p>}
        {picked ? <CaseCard found={picked} vocabulary={vocabulary} t={t} /> : null}
        <Path at={at} go={goTo} t={t} />
        {district && !district.cells.length ? <p class="muted">{t.noCells}</p> : null}
        {district?.left_out ? <p class="muted">{t.leftOut(words.number(district.left_out))}</p> : null}
        {at.code && byCode.get(at.code) ? (
          <CellCard cell={byCode.get(at.code)!} t={t} />
        ) : (
          <Groups groups={groupsOf(shown, at, t)} of={at.town === undefined ? t.town : at.village === undefined ? t.village : t.cell} go={goTo} t={t} />
        )}
        {district ? <CaseList cases={listed} vocabulary={vocabulary} t={t} onPick={(found) => (pick(found), map.current?.goTo(found))} /> : null}
      </section>
    </div>
  );
}

function Search({ t, onSearch }: { t: CommandStrings; onSearch: (text: string) => void }) {
  const [text, setText] = useState("");
  return (
    <form
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        if (text.trim()) onSearch(text.trim());
      }}
    >
      <input
        type="search"
        aria-label={t.search}
        placeholder={t.searchHint}
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <button type="submit">{t.search}</button>
    </form>
  );
}

function Path({ at, go, t }: { at: Drilled; go: (to: Drilled) => void; t: CommandStrings }) {
  const steps: [string, Drilled][] = [[t.wholeDistrict, {}]];
  if (at.town !== undefined) steps.push([at.town || t.noTown, { town: at.town }]);
  if (at.village !== undefined) steps.push([at.village || "–", { town: at.town, village: at.village }]);
  if (at.code !== undefined) steps.push([at.code, at]);
  return (
    <nav class="path" aria-label={t.district}>
      {steps.map(([label, to], index) => (
        <button key={label + index} type="button" class="quiet" aria-current={index === steps.length - 1 ? "location" : undefined} onClick={() => go(to)}>
          {label}
        </button>
      ))}
    </nav>
  );
}

function Groups({ groups, of, go, t }: { groups: Group[]; of: string; go: (to: Drilled) => void; t: CommandStrings }) {
  const words = useWords();
  const sum = (cells: CellState[], name: "to_review" | "open" | "overdue") =>
    words.number(cells.reduce((total, cell) => total + cell[name], 0));
  return (
    <table class="groups">
      <thead>
        <tr>
          <th scope="col">{of}</th>
          <th scope="col">{t.cells}</th>
          <th scope="col">{t.toReview}</th>
          <th scope="col">{t.open}</th>
          <th scope="col">{t.overdue}</th>
        </tr>
      </thead>
      <tbody>
        {groups.map(({ label, to, cells }) => (
          <tr key={label + (to.code ?? "")}>
            <th scope="row">
              <button type="button" class="link" onClick={() => go(to)}>
                {label}
              </button>
            </th>
            <td>{words.number(cells.length)}</td>
            <td>{sum(cells, "to_review")}</td>
            <td>{sum(cells, "open")}</td>
            <td>{sum(cells, "overdue")}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function CellCard({ cell, t }: { cell: CellState; t: CommandStrings }) {
  const words = useWords();
  const facts: [string, string][] = [
    [t.cell, `${cell.name} ${cell.code}`],
    [t.town, cell.town || t.noTown],
    [t.village, cell.village || "–"],
    [t.officer, cell.officer || "–"],
    [t.lastPatrol, cell.last_patrol ? words.time(cell.last_patrol) : t.never],
    [t.toReview, words.number(cell.to_review)],
    [t.open, words.number(cell.open)],
    [t.overdue, words.number(cell.overdue)],
  ];
  return (
    <dl class="cell-facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function CaseCard({ found, vocabulary, t }: { found: CasePoint; vocabulary: Vocabulary; t: CommandStrings }) {
  const words = useWords();
  const [no, , , stage, category, , isOverdue, , dueAt] = found;
  const known = vocabulary.categories.find((entry) => entry.code === category);
  return (
    <div class="case-card">
      <strong>{no}</strong> {known ? words.label(known.name) : category} · {words.stage(stage)}
      {dueAt ? <> · <Due at={dueAt} isOver={isOverdue} /></> : null} <a href={`/#/case/${encodeURIComponent(no)}`}>{t.openCase}</a>
    </div>
  );
}

/** The stages that are on the map, those together that are drawn alike. */
function alikeStages(cases: CasePoint[]): string[][] {
  const alike = new Map<string, string[]>();
  for (const stage of new Set(cases.map(([, , , stage]) => stage))) {
    const drawn = stageColour(stage) + stageShape(stage);
    alike.set(drawn, [...(alike.get(drawn) ?? []), stage]);
  }
  return [...alike.values()];
}

function isIn(cell: CellState | undefined, at: Drilled): boolean {
  if (at.code !== undefined) return cell?.code === at.code;
  if (at.town === undefined) return true;
  return cell?.town === at.town && (at.village === undefined || cell.village === at.village);
}

function groupsOf(cells: CellState[], at: Drilled, t: CommandStrings): Group[] {
  const groups = new Map<string, Group>();
  for (const cell of cells) {
    const to: Drilled =
      at.town === undefined
        ? { town: cell.town }
        : at.village === undefined
          ? { town: cell.town, village: cell.village }
          : { town: cell.town, village: cell.village, code: cell.code };
    const key = JSON.stringify(to);
    const label = to.code ? `${cell.name} ${cell.code}` : (to.village ?? to.town) || t.noTown;
    const group = groups.get(key) ?? { label, to, cells: [] };
    group.cells.push(cell);
    groups.set(key, group);
  }
  const open = (group: Group) => group.cells.reduce((total, cell) => total + cell.open, 0);
  return [...groups.values()].sort((a, b) => open(b) - open(a) || a.label.localeCompare(b.label));
}

/** A case by its number, else a cell by its code or its end, else a village or town by name. */
function find(district: District | null, text: string): CasePoint | Drilled | null {
  if (!district) return null;
  const found = district.cases.find(([no]) => no === text);
  if (found) return found;
  const { cells } = district;
  const cell = cells.find(({ code }) => code === text) ?? cells.find(({ code, name }) => name === text || (text.length >= 3 && code.endsWith(text)));
  if (cell) return { town: cell.town, village: cell.village, code: cell.code };
  const village = cells.find((entry) => entry.village === text);
  if (village) return { town: village.town, village: text };
  return cells.some((entry) => entry.town === text) ? { town: text } : null;
}
