// How right inspectors and models are, and where two inspectors judged in different ways.

import { useEffect, useState } from "preact/hooks";
import type { ApiError } from "../api";
import { useWords } from "../i18n";
import type { Vocabulary } from "../types";
import { commandApi, type InspectorFigures, type ModelFigures, type Precision } from "./api";
import { Table } from "./table";
import type { CommandStrings } from "./words";

/** Reasons that speak against what was seen; the others speak of permits, places and duties. */
const FALSE_ALARMS = ["not_object", "harmless"];

export function QualityView({ t, vocabulary }: { t: CommandStrings; vocabulary: Vocabulary }) {
  const words = useWords();
  const [read, setRead] = useState<Precision | null>(null);
  const [refusal, setRefusal] = useState<ApiError | null>(null);
  useEffect(() => {
    commandApi.precision().then(setRead, setRefusal);
  }, []);
  if (refusal) return <p class="empty" role="alert">{words.refusal(refusal)}</p>;
  if (!read) return <p class="empty">{t.loading}</p>;
  return (
    <div class="figures-view">
      <h2>{t.quality}</h2>
      <div class="boards wide">
        <Models rows={read.models} t={t} vocabulary={vocabulary} />
        <Inspectors rows={read.inspectors} t={t} />
        <Disagreements read={read} t={t} />
      </div>
    </div>
  );
}

const total = (counts: Record<string, number>, names?: string[]) =>
  Object.entries(counts).reduce((sum, [name, count]) => (!names || names.includes(name) ? sum + count : sum), 0);

function usePercent() {
  const words = useWords();
  return (part: number, of: number) => (of ? `${words.number((100 * part) / of, 1)} %` : "–");
}

function Models({ rows, t, vocabulary }: { rows: ModelFigures[]; t: CommandStrings; vocabulary: Vocabulary }) {
  const words = useWords();
  const percent = usePercent();
  const named = (className: string) => {
    const known = vocabulary.classes.find((entry) => entry.name === className);
    return known ? words.label(known.label) : className;
  };
  const shown = rows.map((row) => {
    const alarms = total(row.rejected, FALSE_ALARMS);
    const numbers = [row.confirmed, alarms, total(row.rejected) - alarms].map((count) => words.number(count));
    const name = <code title={row.model_sha256}>{row.model_sha256.slice(0, 12)}</code>;
    const share = percent(row.confirmed, row.confirmed + alarms);
    return { key: row.model_sha256 + row.class_name, cells: [name, named(row.class_name), ...numbers, share] };
  });
  const columns = [t.model, t.class, t.confirmed, t.falseAlarms, t.rejectedElse, t.precision];
  return (
    <section class="board">
      <h3>{t.models}</h3>
      <p class="muted">{t.precisionHint}</p>
      <Table title={t.models} columns={columns} rows={shown} empty={t.noDecisions} />
    </section>
  );
}

function Inspectors({ rows, t }: { rows: InspectorFigures[]; t: CommandStrings }) {
  const words = useWords();
  const percent = usePercent();
  const shown = rows.map((row) => {
    const numbers = [row.confirmed, total(row.rejected), row.overturned].map((count) => words.number(count));
    const of = (part: number, whole: number) => (whole ? `${percent(part, whole)} (${part}/${whole})` : "–");
    return { key: row.who, cells: [row.who, ...numbers, of(row.agreed, row.looked_again), of(row.right, row.controls)] };
  });
  const columns = [t.inspector, t.confirmed, t.rejected, t.overturned, t.agreed, t.controls];
  return (
    <section class="board">
      <h3>{t.inspectors}</h3>
      <p class="muted">{t.inspectorsHint}</p>
      <Table title={t.inspectors} columns={columns} rows={shown} empty={t.noDecisions} />
    </section>
  );
}

function Disagreements({ read, t }: { read: Precision; t: CommandStrings }) {
  const words = useWords();
  const shown = read.disagreements.map((entry) => {
    const link = <a href={`/#/case/${encodeURIComponent(entry.no)}`}>{entry.no}</a>;
    const first = `${entry.first_by}: ${words.action(entry.first)}`;
    const second = `${entry.second_by}: ${words.action(entry.second)}`;
    const reason = entry.reason ? words.reason(entry.reason) : "–";
    return { key: entry.no + entry.at, cells: [link, first, second, reason, words.time(entry.at)] };
  });
  const columns = [t.case, t.firstLook, t.secondLook, t.reason, t.at];
  return (
    <section class="board">
      <h3>
        {t.disagreements} ({words.number(shown.length)})
      </h3>
      <p class="muted">{t.pendingLooks(words.number(read.pending_looks))}</p>
      <Table title={t.disagreements} columns={columns} rows={shown} empty={t.noDisagreements} />
    </section>
  );
}
