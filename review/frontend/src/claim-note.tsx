// Who works on the open case, and for how long still.

import { useEffect, useState } from "preact/hooks";
import { useWords } from "./i18n";
import type { ReviewStore } from "./store";

export function ClaimNote({ store }: { store: ReviewStore }) {
  const { t } = useWords();
  const holder = store.holder();
  const { claim } = store.state;
  const until = Date.parse((holder ?? claim)?.until ?? "");
  const left = useSecondsTo(until);
  if (Number.isNaN(until)) return null;
  if (holder) {
    return (
      <span class="claim others" role="status">
        {t.heldBy(holder.who)} <Clock seconds={left} />
      </span>
    );
  }
  if (left > 0) {
    return (
      <span class="claim" title={t.yoursTitle}>
        {t.yours} <Clock seconds={left} />
      </span>
    );
  }
  return (
    <button type="button" class="claim others" onClick={() => void store.holdOpen()}>
      {t.ranOut}
    </button>
  );
}

function Clock({ seconds }: { seconds: number }) {
  const minutes = Math.floor(seconds / 60);
  return <span class="clock">{`${minutes}:${String(seconds % 60).padStart(2, "0")}`}</span>;
}

/** Seconds to a moment, counted down; 0 once it has passed. */
function useSecondsTo(moment: number): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = window.setInterval(() => setNow(Date.now()), 1000);
    return () => window.clearInterval(timer);
  }, []);
  return Number.isNaN(moment) ? 0 : Math.max(0, Math.ceil((moment - now) / 1000));
}
