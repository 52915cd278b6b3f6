// The page: queue, photo, map and case side by side; on a phone one at a time.

import { useEffect, useReducer, useRef } from "preact/hooks";
import { CasePane } from "./case-pane";
import { Dialogs } from "./dialogs";
import { Header } from "./header";
import { WordsContext } from "./i18n";
import { listenToKeys } from "./keys";
import { MapPane } from "./map-pane";
import { PhotoPane } from "./photo-pane";
import type { PhotoView } from "./photo-view";
import { countOf, QueuePane } from "./queue-pane";
import { SignIn } from "./sign-in";
import type { Pane } from "./state";
import type { ReviewStore } from "./store";

export function App({ store }: { store: ReviewStore }) {
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  const view = useRef<PhotoView | null>(null);
  useEffect(() => {
    redraw(undefined); // the server may have been missed before anybody listened
    return store.subscribe(() => redraw(undefined));
  }, [store]);
  useEffect(() => listenToKeys(store, () => view.current), [store]);
  const { words } = store.state;
  useEffect(() => {
    document.documentElement.lang = words.language === "zh" ? "zh-CN" : "en";
    document.title = `${words.t.appName} · ${words.t.tagline}`;
  }, [words]);
  const { session } = store.state;
  if (session?.asks_who && !session.person) {
    return (
      <WordsContext.Provider value={words}>
        <SignIn store={store} />
      </WordsContext.Provider>
    );
  }
  return (
    <WordsContext.Provider value={words}>
      <div class="page" data-pane={store.state.pane}>
        <Header store={store} />
        <QueuePane store={store} />
        <PhotoPane store={store} viewRef={view} />
        <MapPane store={store} />
        <CasePane store={store} />
        <Tabs store={store} />
      </div>
      <Dialogs store={store} />
      <Message store={store} />
    </WordsContext.Provider>
  );
}

function Tabs({ store }: { store: ReviewStore }) {
  const { words, pane, summary, filters } = store.state;
  const waits = store.presence.reviews() ? "reported" : filters.stage;
  const tabs: [Pane, string][] = [
    ["queue", words.t.queue],
    ["photo", words.t.photo],
    ["map", words.t.map],
    ["case", words.t.case],
  ];
  return (
    <nav class="tabs" aria-label={words.t.views}>
      {tabs.map(([name, label]) => (
        <button
          key={name}
          type="button"
          aria-current={pane === name ? "page" : undefined}
          onClick={() => store.address.turnTo(name)}
        >
          {label}
          {name === "queue" && summary ? <span class="count">{words.number(countOf(summary, waits, ""))}</span> : null}
        </button>
      ))}
    </nav>
  );
}

function Message({ store }: { store: ReviewStore }) {
  const { toast, words, away } = store.state;
  return (
    <div class="message" role="status" aria-live="polite">
      {away ? <div class="toast problem away">{words.t.away}</div> : null}
      {toast ? (
        <div class={`toast ${toast.kind}`}>
          <span>{toast.text}</span>
          {toast.undo ? (
            <button type="button" onClick={() => void store.decisions.undo()}>
              {words.t.undo} <kbd>U</kbd>
            </button>
          ) : null}
        </div>
      ) : null}
    </div>
  );
}
