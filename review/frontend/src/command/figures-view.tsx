// The figures of a period beside those of the one before: as the bulletin has them, and as charts.

import { useEffect, useState } from "preact/hooks";
import type { ApiError } from "../api";
import { useWords } from "../i18n";
import { commandApi, type FigureRow, type Figures, type Length } from "./api";
import { Bars, type Bar } from "./bars";
import { Table } from "./table";
import type { CommandStrings } from "./words";

const LENGTHS: Length[] = ["day", "week", "month"];
const PARTS = ["reported", "established", "closed", "overdue"];
/** Of these there are bars. */
const CHARTS = ["reported", "established"];
const DAY_MS = 86_400_000;

export function FiguresView({ t }: { t: CommandStrings }) {
  const words = useWords();
  const [period, setPeriod] = useState<Length>("week");
  const [on, setOn] = useState("");
  const [figures, setFigures] = useState<Figures | null>(null);
  const [readAt, setReadAt] = useState(0);
  const [refusal, setRefusal] = useState<ApiError | null>(null);
  useEffect(() => {
    let isWanted = true;
    commandApi.figures(period, on).then(
      (read) => isWanted && (setFigures(read), setReadAt(Date.now()), setRefusal(null)),
      (error: ApiError) => isWanted && setRefusal(error),
    );
    return () => void (isWanted = false);
  }, [period, on]);
  return (
    <div class="figures-view">
      <form class="period" onSubmit={(event) => event.preventDefault()}>
        <label>
          {t.period}
          <select value={period} onChange={(event) => setPeriod(event.currentTarget.value as Length)}>
            {LENGTHS.map((length) => (
              <option key={length} value={length}>
                {t[length]}
              </option>
            ))}
          </select>
        </label>
        <label>
          {t.on}
          <input
            type="date"
            min="2000-01-01"
            max="2099-12-31"
            value={on || figures?.last}
            onChange={(event) => setOn(event.currentTarget.value)}
          />
        </label>
        <button type="button" disabled={!figures} onClick={() => figures && setOn(shifted(figures.first, -1))}>
          ‹ {t.earlier}
        </button>
        <button type="button" disabled={!figures} onClick={() => figures && setOn(shifted(figures.last, 1))}>
          {t.later} ›
        </button>
      </form>
      {refusal ? <p role="alert">{words.refusal(refusal)}</p> : null}
      {figures ? (
        <>
          <h2>{words.label(figures.title)}</h2>
          <p class="muted">{t.asOf(words.clock(readAt))}</p>
          {isBlank(figures) ? <p class="muted">{t.blank}</p> : null}
          <div class="boards">
            <Whole figures={figures} t={t} />
            <Shares figures={figures} t={t} />
            <Part title={t.byTown} rows={figures.by_town} figures={figures} t={t} />
            <Part title={t.byDepartment} rows={figures.by_department} figures={figures} t={t} />
            <Part title={t.byCategory} rows={figures.by_category} figures={figures} t={t} />
          </div>
        </>
      ) : (
        <p class="muted">{t.loading}</p>
      )}
    </div>
  );
}

function Whole({ figures, t }: { figures: Figures; t: CommandStrings }) {
  const words = useWords();
  const bars: Bar[] = figures.names.map(({ name, label }) => ({
    label: words.label(label),
    now: figures.now[name] ?? 0,
    before: figures.before[name] ?? 0,
  }));
  return (
    <section class="board">
      <h3>{t.thisPeriod}</h3>
      <Bars title={t.chartOf(words.label(figures.title))} bars={bars} t={t} />
    </section>
  );
}

function Shares({ figures, t }: { figures: Figures; t: CommandStrings }) {
  const words = useWords();
  const percent = (value: number | null | undefined) => (value == null ? "–" : `${words.number(100 * value, 1)} %`);
  return (
    <section class="board shares">
      {figures.shares.map(({ name, label }) => {
        const now = figures.now[name];
        const before = figures.before[name];
        return (
          <div key={name} class="share">
            <h3>{words.label(label)}</h3>
            <Ring share={now ?? null} label={`${words.label(label)} ${percent(now)}`} />
            <strong>{percent(now)}</strong>
            <span class="muted">
              {t.before} {percent(before)}
              {now != null && before != null
                ? ` · ${t.change} ${now >= before ? "+" : "−"}${words.number(Math.abs(100 * (now - before)), 1)} ${t.points}`
                : ""}
            </span>
          </div>
        );
      })}
    </section>
  );
}

const RADIUS = 40;

function Ring({ share, label }: { share: number | null; label: string }) {
  const around = 2 * Math.PI * RADIUS;
  return (
    <svg viewBox="0 0 100 100" width="110" height="110" role="img" aria-label={label}>
      <circle cx="50" cy="50" r={RADIUS} class="ring-ground" />
      {share ? (
        <circle cx="50" cy="50" r={RADIUS} class="ring" stroke-dasharray={`${around * share} ${around}`} transform="rotate(-90 50 50)" />
      ) : null}
    </svg>
  );
}

interface PartProps {
  title: string;
  rows: FigureRow[];
  figures: Figures;
  t: CommandStrings;
}

function Part({ title, rows, figures, t }: PartProps) {
  const words = useWords();
  if (!rows.length) return null;
  const names = figures.names.filter(({ name }) => PARTS.includes(name));
  const inTime = figures.shares.find(({ name }) => name === "in_time_share");
  const percent = (value: number | null | undefined) => (value == null ? "–" : `${words.number(100 * value, 1)} %`);
  const barsOf = (name: string) =>
    rows.map((row) => ({ label: words.label(row.label), now: row.now[name] ?? 0, before: row.before[name] ?? 0 }));
  const charts = figures.names.filter(({ name }) => CHARTS.includes(name));
  const columns = [title, ...names.map(({ label }) => words.label(label)), ...(inTime ? [words.label(inTime.label)] : [])];
  const shown = rows.map((row) => {
    const counts = names.map(({ name }) => (
      <>
        {words.number(row.now[name] ?? 0)} <Change now={row.now[name] ?? 0} before={row.before[name] ?? 0} />
      </>
    ));
    const share = inTime ? [percent(row.now["in_time_share"])] : [];
    return { key: row.label.en, cells: [words.label(row.label), ...counts, ...share] };
  });
  return (
    <section class="board">
      <h3>{title}</h3>
      {charts.map(({ name, label }) => (
        <div key={name}>
          <h4>{words.label(label)}</h4>
          <Bars title={t.chartOf(`${title}, ${words.label(label)}`)} bars={barsOf(name)} t={t} />
        </div>
      ))}
      <Table title={title} columns={columns} rows={shown} empty="" />
    </section>
  );
}

function Change({ now, before }: { now: number; before: number }) {
  const words = useWords();
  if (now === before) return null;
  return (
    <span class="muted">
      ({now > before ? "+" : "−"}
      {words.number(Math.abs(now - before))})
    </span>
  );
}

const isBlank = (figures: Figures) => figures.names.every(({ name }) => !figures.now[name]);

/** A day so many days after another, as the server names days. */
function shifted(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}
