// What is known of a case: why it was filed, where it is, what it rests on, what happened to it.

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { placePhotoUrl } from "./api";
import { useWords } from "./i18n";
import { categoryName, noCellWords } from "./queue-pane";
import { Unread } from "./unread";
import { AddPhoto, Steps, WayThere } from "./steps";
import type { ReviewStore } from "./store";
import { StageChip } from "./symbols";
import type { CaseDetail, HistoryEvent } from "./types";

/** In the place of a model's digest where a person drew the object. */
const DRAWN = "drawn";

export function CasePane({ store }: { store: ReviewStore }) {
  const words = useWords();
  const { detail, history, photoIndex } = store.state;
  if (!detail) {
    return (
      <section class="pane info" aria-label={words.t.case}>
        <Unread store={store} />
      </section>
    );
  }
  return (
    <section class="pane info" aria-label={words.t.case}>
      <p class="case-head">
        <strong>{words.label(categoryName(store, detail.category))}</strong> <span class="number">{detail.no}</span>{" "}
        <StageChip stage={detail.stage} />
      </p>
      {detail.sent_back ? <p class="warning sent-back">{words.t.sentBack(words.reason(detail.sent_back))}</p> : null}
      <Steps store={store} detail={detail} />
      <AddPhoto store={store} detail={detail} />
      <Arrange store={store} />
      <Why detail={detail} />
      <h3>{words.t.details}</h3>
      <Facts store={store} detail={detail} photoIndex={photoIndex} />
      <h3>{words.t.history}</h3>
      <Timeline store={store} no={detail.no} events={history} />
    </section>
  );
}

/** The same as the keys Q, the numbers, S, Y and T, for those who touch. */
function Arrange({ store }: { store: ReviewStore }) {
  const { t } = useWords();
  const { arranging } = store;
  if (!store.allows("snooze") && !arranging.may()) return null;
  return (
    <div class="steps arrange" role="group" aria-label={t.arrange}>
      <button type="button" disabled={!store.allows("confirm")} onClick={() => void arranging.unsure()}>
        {t.unsure} <kbd>Q</kbd>
      </button>
      <button type="button" disabled={!arranging.may()} onClick={() => store.set({ dialog: "class" })}>
        {t.otherClass} <kbd>1–{store.state.vocabulary?.classes.length}</kbd>
      </button>
      <button type="button" disabled={!store.allows("snooze")} onClick={() => arranging.askSnooze()}>
        {t.snooze} <kbd>S</kbd>
      </button>
      <button type="button" disabled={!arranging.may()} onClick={() => void arranging.askMerge()}>
        {t.merge} <kbd>Y</kbd>
      </button>
      <button type="button" disabled={!arranging.maySplit()} onClick={() => arranging.askSplit()}>
        {t.split} <kbd>T</kbd>
      </button>
    </div>
  );
}

function Why({ detail }: { detail: CaseDetail }) {
  const words = useWords();
  return (
    <div class={detail.to_check ? "why check" : "why"}>
      <h3>{words.t.why}</h3>
      <ul>
        {detail.why.map((sentence) => (
          <li key={sentence.en}>{words.label(sentence)}</li>
        ))}
      </ul>
      {detail.to_check ? <p class="warning">{words.t.toCheck}</p> : null}
      {detail.gone_at ? <p class="warning">{words.t.goneAt(words.time(detail.gone_at))}</p> : null}
      <p class="muted">{words.t.ruleVersion(detail.rule_id, detail.rule_version)}</p>
    </div>
  );
}

interface FactsProps {
  store: ReviewStore;
  detail: CaseDetail;
  photoIndex: number;
}

function Facts({ store, detail, photoIndex }: FactsProps) {
  const words = useWords();
  const { t } = words;
  const { vocabulary } = store.state;
  const category = vocabulary?.categories.find((entry) => entry.code === detail.category);
  const photo = detail.photos[photoIndex];
  const lonLat = `${detail.lon_deg.toFixed(6)}, ${detail.lat_deg.toFixed(6)}`;
  return (
    <dl class="facts-list">
      <Fact name={t.cell}>
        {[detail.cell_name, detail.cell_code].filter(Boolean).join(" · ") || noCellWords(store)}
      </Fact>
      <Fact name={t.officer}>{detail.officer || t.noPlace}</Fact>
      <Fact name={t.village}>{[detail.town, detail.village].filter(Boolean).join(" · ") || t.noPlace}</Fact>
      {category ? (
        <Fact name={t.department}>
          {words.label(category.department)} · {words.label(category.time_limit)}
        </Fact>
      ) : null}
      {detail.due_at ? (
        <Fact name={t.due}>
          {words.time(detail.due_at)} {detail.is_overdue ? <span class="chip alarm">{t.overdue}</span> : null}
        </Fact>
      ) : null}
      <Fact name={words.area(detail.class_name)}>{`${words.number(detail.area_m2, detail.area_m2 < 100 ? 1 : 0)} m²`}</Fact>
      <Fact name={t.position} copy={lonLat}>
        {lonLat} <span class="muted nowrap">{t.sigma(words.number(detail.sigma_m, 1))}</span>
        <WayThere detail={detail} />
      </Fact>
      <Fact name={t.firstSeen}>{words.time(detail.first_seen)}</Fact>
      {detail.last_seen === detail.first_seen ? null : <Fact name={t.seen}>{words.time(detail.last_seen)}</Fact>}
      {photo?.pose_source ? <Fact name={t.poseSource}>{words.poseFrom(photo.pose_source)}</Fact> : null}
      {detail.model_sha256 === DRAWN ? (
        <Fact name={t.model}>{t.drawnByHand}</Fact>
      ) : (
        <Fact name={t.model} copy={detail.model_sha256}>
          <code>{detail.model_sha256.slice(0, 12)}</code>
        </Fact>
      )}
      {photo ? (
        <Fact name={t.photoHash} copy={photo.sha256}>
          <code>{photo.sha256.slice(0, 12)}</code>
        </Fact>
      ) : null}
    </dl>
  );
}

function Fact({ name, copy, children }: { name: string; copy?: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        {children}
        {copy ? <Copy name={name} value={copy} /> : null}
      </dd>
    </div>
  );
}

function Copy({ name, value }: { name: string; value: string }) {
  const { t } = useWords();
  const [done, setDone] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(value);
    setDone(true);
    window.setTimeout(() => setDone(false), 1500);
  };
  return (
    <button type="button" class="copy" aria-label={`${t.copy}: ${name}`} title={value} onClick={() => void copy()}>
      {done ? t.copied : t.copy}
    </button>
  );
}

function Timeline({ store, no, events }: { store: ReviewStore; no: string; events: HistoryEvent[] }) {
  const words = useWords();
  const nameOf = (className: string) => {
    const known = store.state.vocabulary?.classes.find((entry) => entry.name === className);
    return known ? words.label(known.label) : className;
  };
  return (
    <ol class="timeline">
      {[...events].reverse().map((event) => (
        <li key={event.seq}>
          <span>
            <strong>{words.action(event.action)}</strong>
            <span class="muted"> {words.actor(event.actor)}</span>
          </span>
          <time dateTime={event.at}>{words.time(event.at)}</time>
          {event.photo_sha256 ? (
            <a href={placePhotoUrl(no, event.photo_sha256)} target="_blank" rel="noreferrer">
              <img src={placePhotoUrl(no, event.photo_sha256)} alt={words.t.placePhoto} width="120" loading="lazy" />
            </a>
          ) : null}
          {event.from_class && event.to_class ? (
            <span class="reason">{words.t.fromTo(nameOf(event.from_class), nameOf(event.to_class))}</span>
          ) : null}
          {event.reason ? <span class="reason">{words.reason(event.reason)}</span> : null}
        </li>
      ))}
    </ol>
  );
}
