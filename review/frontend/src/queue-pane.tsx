// Which cases wait, most urgent first, and which part of them is shown.

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { cropUrl, FOR_COMMAND, IN_HAND, stagesOf, type Order } from "./api";
import { Due } from "./due";
import { Marks } from "./marks";
import { useWords } from "./i18n";
import { Picture } from "./picture";
import type { ReviewStore } from "./store";
import { Score, StageChip } from "./symbols";
import type { CaseItem, Label, ListedCase, Summary } from "./types";

export function QueuePane({ store }: { store: ReviewStore }) {
  const words = useWords();
  const { queue, total, next, loaded, no, filters, picked, vocabulary, returns } = store.state;
  const rows = useMemo(
    () => queue.map((item) => <QueueItem key={item.no} item={item} open={item.no === no} store={store} />),
    [queue, no, filters.stage, vocabulary, words, returns],
  );
  return (
    <section class="pane queue" aria-labelledby="queue-title">
      <div class="pane-head">
        <h2 id="queue-title">{words.t.queue}</h2>
        <span class="muted">{words.t.shownOf(words.number(queue.length), words.number(total))}</span>
      </div>
      <QueueFilters store={store} />
      <div class="queue-tools">
        <OrderChoice store={store} />
        {picked ? (
          <button type="button" onClick={() => void store.several.leave()}>
            {words.t.pickedOnly(words.number(queue.length))} ×
          </button>
        ) : null}
        <button type="button" disabled={queue.length === 0 || !store.presence.reviews()} onClick={() => store.several.open()}>
          {words.t.several} <kbd>G</kbd>
        </button>
      </div>
      {loaded && queue.length === 0 ? (
        <div class="empty">
          <strong>{filters.stage === "reported" ? words.t.emptyQueue : words.t.emptyChoice}</strong>
          <p>{words.t.emptyQueueHint}</p>
        </div>
      ) : (
        <ul class="cases">{rows}</ul>
      )}
      {next ? (
        <button type="button" class="more" onClick={() => void store.loadMore()}>
          {words.t.loadMore}
        </button>
      ) : null}
    </section>
  );
}

const ORDERS: Order[] = ["urgency", "oldest", "newest"];

function OrderChoice({ store }: { store: ReviewStore }) {
  const words = useWords();
  return (
    <label>
      <span class="hidden-label">{words.t.order}</span>
      <select value={store.state.filters.order} onChange={(event) => void store.filter({ order: event.currentTarget.value as Order })}>
        {ORDERS.map((order) => (
          <option key={order} value={order}>
            {order === "urgency" && store.state.filters.stage === IN_HAND ? words.t.dueFirst : words.t.orders[order]}
          </option>
        ))}
      </select>
    </label>
  );
}

function QueueFilters({ store }: { store: ReviewStore }) {
  const words = useWords();
  const { filters, summary, vocabulary } = store.state;
  const counted = (name: string, stage: string, category: string) =>
    `${name} (${words.number(countOf(summary, stage, category))})`;
  return (
    <div class="filters">
      <label>
        <span class="hidden-label">{words.t.filterStage}</span>
        <select
          value={filters.stage}
          onChange={(event) => void store.filter({ stage: event.currentTarget.value })}
        >
          <option value="">{words.t.allStages}</option>
          {store.state.role === "officer" ? <option value={IN_HAND}>{counted(words.t.inHand, IN_HAND, filters.category)}</option> : null}
          {store.state.role === "command" ? <option value={FOR_COMMAND}>{counted(words.t.forCommand, FOR_COMMAND, filters.category)}</option> : null}
          {vocabulary?.stages.map((stage) => (
            <option key={stage} value={stage}>
              {counted(words.stage(stage), stage, filters.category)}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span class="hidden-label">{words.t.filterCategory}</span>
        <select
          value={filters.category}
          onChange={(event) => void store.filter({ category: event.currentTarget.value })}
        >
          <option value="">{words.t.allCategories}</option>
          {vocabulary?.categories.map((category) => (
            <option key={category.code} value={category.code}>
              {counted(words.label(category.name), filters.stage, category.code)}
            </option>
          ))}
        </select>
      </label>
      <Place store={store} />
    </div>
  );
}

interface CellNames {
  code: string;
  name: string;
  village: string;
}

const CASE_NO = /^\d{8}-\d+$/;

/** A cell by its code, the end of one, or village and name, empty for all; or a case by its number. */
function Place({ store }: { store: ReviewStore }) {
  const { t } = useWords();
  const { cells, filters } = store.state;
  const known = useMemo(() => cellsOf(cells), [cells]);
  const [typed, setTyped] = useState<string | null>(null); // kept while the page is drawn anew
  const choose = (text: string) => {
    setTyped(null);
    if (CASE_NO.test(text)) {
      return void store.choose(text, store.presence.casePane());
    }
    const cell = text ? cellOf(known, text) : "";
    if (cell === null) return store.say(t.noSuchCell(text), "problem");
    if (cell !== filters.cell) void store.filter({ cell });
  };
  return (
    <label class="cell-filter">
      <span class="hidden-label">{t.filterCell}</span>
      <input
        type="text"
        list="cells-known"
        placeholder={t.filterCell}
        value={typed ?? filters.cell}
        onInput={(event) => setTyped(event.currentTarget.value)}
        onChange={(event) => choose(event.currentTarget.value.trim())}
      />
      <datalist id="cells-known">
        {known.map((cell) => (
          <option key={cell.code} value={cell.code}>{`${cell.village} ${cell.name}`}</option>
        ))}
      </datalist>
    </label>
  );
}

function cellsOf(layer: object | null): CellNames[] {
  const { features = [] } = (layer ?? {}) as { features?: { properties: CellNames }[] };
  return features.map(({ properties }) => properties);
}

/** The code of the one cell that is meant; null where none or several are. */
function cellOf(known: CellNames[], text: string): string | null {
  const isMeant = ({ code, name, village }: CellNames) => code.endsWith(text) || `${village} ${name}`.includes(text) || `${village}${name}`.includes(text);
  const found = known.filter(isMeant);
  const exact = found.find(({ code }) => code === text) ?? (found.length === 1 ? found[0] : undefined);
  return exact?.code ?? null;
}

export function countOf(summary: Summary | null, stage: string, category: string): number {
  const wanted = (entry: { stage: string; category: string }) =>
    (!stage || stagesOf(stage).includes(entry.stage)) && (!category || entry.category === category);
  return (summary?.counts ?? []).filter(wanted).reduce((sum, entry) => sum + entry.count, 0);
}

function QueueItem({ item, open, store }: { item: ListedCase; open: boolean; store: ReviewStore }) {
  const words = useWords();
  const button = useRef<HTMLButtonElement>(null);
  const name = categoryName(store, item.category);
  useEffect(() => {
    if (open) button.current?.scrollIntoView({ block: "nearest" });
  }, [open]);
  return (
    <li>
      <button
        ref={button}
        type="button"
        class={item.urgency === 1 ? "case urgent" : "case"}
        aria-current={open ? "true" : undefined}
        onClick={() => void store.choose(item.no, store.presence.casePane())}
      >
        <Picture src={cropUrl(item.no)} size={72} returns={store.state.returns} />
        <span class="lines">
          <span class="title">{words.label(name)}</span>
          {words.language === "en" ? (
            <span class="second" lang="zh-CN">
              {name.zh}
            </span>
          ) : null}
          <span class="muted">{placeName(item) || noCellWords(store)}</span>
          <span class="facts">
            {stagesOf(store.state.filters.stage).length === 1 ? null : <StageChip stage={item.stage} />}
            {item.urgency === 1 ? <span class="chip alarm">{words.t.urgent}</span> : null}
            <Score value={item.score} />
            <When item={item} />
            <Marks store={store} item={item} />
          </span>
        </span>
      </button>
    </li>
  );
}

/** When a case is due, where a time limit runs; else when it was last seen. */
function When({ item }: { item: ListedCase }) {
  const words = useWords();
  if (item.due_at) return <Due at={item.due_at} isOver={item.is_overdue} />;
  return (
    <time dateTime={item.last_seen} title={words.t.seenAgo(words.time(item.last_seen))}>
      {words.t.seenShort(words.age(item.last_seen))}
    </time>
  );
}

export function categoryName(store: ReviewStore, code: string): Label {
  const found = store.state.vocabulary?.categories.find((category) => category.code === code);
  return found?.name ?? { en: code, zh: code };
}

/** Why a case has no cell: there are none, or it lies outside of them. */
export function noCellWords(store: ReviewStore): string {
  const { words, vocabulary } = store.state;
  return vocabulary && !vocabulary.has_cells ? words.t.noGrid : words.t.noCell;
}

export function placeName(item: CaseItem): string {
  return [item.town, item.village, item.cell_name || item.cell_code].filter(Boolean).join(" · ");
}
