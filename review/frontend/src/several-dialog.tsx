// Thumbnails to choose from; one decision for all that are chosen.

import { useState } from "preact/hooks";
import { cropUrl } from "./api";
import { useWords } from "./i18n";
import { Marks } from "./marks";
import { Picture } from "./picture";
import { categoryName, placeName } from "./queue-pane";
import { Reasons } from "./reasons";
import { Sheet } from "./sheet";
import type { ReviewStore } from "./store";
import { Score } from "./symbols";
import type { ListedCase } from "./types";

export function SeveralDialog({ store }: { store: ReviewStore }) {
  const words = useWords();
  const { t } = words;
  const [asking, setAsking] = useState(false);
  const { shown, chosen, vocabulary } = store.state;
  const pressed = (event: KeyboardEvent) => {
    const key = event.key.toLowerCase();
    if (key === "a") store.several.all();
    else if (key === "c") void store.several.decide({ decision: "confirm" });
    else if (key === "x" && chosen.length) setAsking(true);
    else return;
    event.preventDefault();
  };
  if (asking) {
    return (
      <Sheet key="why" onClose={store.closeDialog} title={t.rejectTitle}>
        <Reasons
          reasons={vocabulary?.reasons ?? []}
          onSend={(reason, note) => void store.several.decide({ decision: "reject", reason, note })}
        />
      </Sheet>
    );
  }
  return (
    <Sheet key="which" onClose={store.closeDialog} title={t.severalTitle} wide onKeyDown={pressed}>
      <ul class="thumbnails" onKeyDown={moveFocus}>
        {shown.map((item, index) => (
          <Thumbnail key={item.no} store={store} item={item} chosen={chosen.includes(item.no)} isFirst={index === 0} />
        ))}
      </ul>
      <SeveralActions store={store} onReject={() => setAsking(true)} />
    </Sheet>
  );
}

/** Arrows go from picture to picture, in a row and from row to row. */
function moveFocus(event: KeyboardEvent): void {
  const boxes = [...(event.currentTarget as Element).querySelectorAll<HTMLInputElement>("input")];
  const at = boxes.indexOf(event.target as HTMLInputElement);
  const tops = boxes.map((box) => box.closest("li")!.offsetTop);
  const across = tops.filter((top) => top === tops[0]).length;
  const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -across, ArrowDown: across }[event.key];
  if (at < 0 || step === undefined) return;
  event.preventDefault();
  boxes[at + step]?.focus();
}

interface ThumbnailProps {
  store: ReviewStore;
  item: ListedCase;
  chosen: boolean;
  isFirst: boolean;
}

function Thumbnail({ store, item, chosen, isFirst }: ThumbnailProps) {
  const words = useWords();
  return (
    <li>
      <label class={chosen ? "thumbnail chosen" : "thumbnail"}>
        <input type="checkbox" checked={chosen} autoFocus={isFirst} onChange={() => store.several.toggle(item.no)} />
        <Picture src={cropUrl(item.no)} size={132} returns={store.state.returns} />
        <span class="title">{words.label(categoryName(store, item.category))}</span>
        <span class="muted">{placeName(item) || item.no}</span>
        <Score value={item.score} />
        <Marks store={store} item={item} />
      </label>
    </li>
  );
}

function SeveralActions({ store, onReject }: { store: ReviewStore; onReject: () => void }) {
  const words = useWords();
  const { t } = words;
  const { chosen, shown, busy } = store.state;
  const none = busy || chosen.length === 0;
  return (
    <div class="several-actions">
      <button type="button" onClick={() => store.several.all()}>
        {chosen.length === shown.length ? t.chooseNone : t.chooseAll} <kbd>A</kbd>
      </button>
      <span class="muted" role="status">
        {t.chosenOf(words.number(chosen.length), words.number(shown.length))}
      </span>
      <button type="button" disabled={none} onClick={() => void store.several.stepThrough()}>
        {t.stepThrough}
      </button>
      <button type="button" class="decide reject" disabled={none} onClick={onReject}>
        {t.reject} <kbd>X</kbd>
      </button>
      <button
        type="button"
        class="decide confirm"
        disabled={none}
        onClick={() => void store.several.decide({ decision: "confirm" })}
      >
        {t.confirm} <kbd>C</kbd>
      </button>
    </div>
  );
}
