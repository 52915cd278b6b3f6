import { useWords } from "./i18n";
import { LanguageButton } from "./language-button";
import { inHand } from "./own-news";
import { NewsButton } from "./news-sheet";
import type { ReviewStore } from "./store";

export function Header({ store }: { store: ReviewStore }) {
  const words = useWords();
  const { summary, vocabulary, decided, session, role } = store.state;
  const me = store.presence.me();
  const { t } = words;
  const isOfficer = role === "officer";
  const waits = summary && (isOfficer ? inHand(summary, vocabulary) : { count: summary.to_review, urgent: summary.urgent });
  return (
    <header class="header">
      <a class="skip" href="#photo">
        {t.skipToPhoto}
      </a>
      <h1>
        <img src="/static/icon.svg" alt={t.appName} width="24" height="24" />
        <span class="name" aria-hidden="true">{t.appName}</span>
        <span class="tagline">{t.tagline}</span>
      </h1>
      {summary && waits ? (
        <dl class="figures">
          <Figure value={words.number(waits.count)} label={isOfficer ? t.inHand : t.toReview} />
          <Figure value={words.number(waits.urgent)} label={t.urgent} alarm={waits.urgent > 0} />
          <Figure value={words.number(decided)} label={t.decidedNow} />
        </dl>
      ) : null}
      <div class="tools">
        <a class="quiet command-link" href="/command">
          {t.command}
        </a>
        <button
          type="button"
          class={me ? "quiet person known" : "quiet person"}
          onClick={() => store.set({ dialog: session?.person ? "account" : "name" })}
        >
          <span class="hidden-label">{t.inspector}: </span>
          {me || t.noInspector}
          {role ? <span class="role wide-only"> · {words.role(role)}</span> : null}
        </button>
        <NewsButton store={store} />
        <LanguageButton store={store} />
        <button type="button" class="quiet keys" onClick={() => store.set({ dialog: "help" })}>
          <kbd>?</kbd> <span class="wide-only">{t.help}</span>
        </button>
      </div>
    </header>
  );
}

function Figure({ value, label, alarm = false }: { value: string; label: string; alarm?: boolean }) {
  return (
    <div class={alarm ? "figure alarm" : "figure"}>
      <dt>{label}</dt>
      <dd>{value}</dd>
    </div>
  );
}
