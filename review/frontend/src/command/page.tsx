// The command centre's page: the district on a map, its figures, its patrols, how well it is judged.

import { useEffect, useState } from "preact/hooks";
import { api, type ApiError } from "../api";
import { initialLanguage, rememberLanguage, Words, WordsContext } from "../i18n";
import type { Person, Vocabulary } from "../types";
import { accountStrings } from "./account-words";
import { AccountsView } from "./accounts-view";
import { DistrictView } from "./district-view";
import { FiguresView } from "./figures-view";
import { PatrolsView } from "./patrols-view";
import { QualityView } from "./quality-view";
import { commandStrings } from "./words";

const VIEWS = ["district", "figures", "patrols", "quality", "accounts"] as const;
type View = (typeof VIEWS)[number];

const viewOf = (hash: string): View => VIEWS.find((view) => hash === `#/${view}`) ?? "district";

export function CommandPage() {
  const [language, speak] = useState(initialLanguage());
  const [vocabulary, setVocabulary] = useState<Vocabulary | null>(null);
  const [person, setPerson] = useState<Person | null>(null);
  const [refusal, setRefusal] = useState<ApiError | null>(null);
  const [isSignedOut, setSignedOut] = useState(false);
  const [view, setView] = useState<View>(viewOf(location.hash));
  const t = commandStrings[language];
  const words = new Words(language, vocabulary?.utc_offset_hours);
  useEffect(() => {
    api.vocabulary().then(setVocabulary, setRefusal);
    api.session().then(({ person: known }) => setPerson(known), () => undefined); // the vocabulary tells why
    const turn = () => setView(viewOf(location.hash));
    window.addEventListener("hashchange", turn);
    return () => window.removeEventListener("hashchange", turn);
  }, []);
  useEffect(() => {
    document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
    document.title = `aerogrid · ${t.title}`;
  }, [language]);
  const signOut = async () => {
    try {
      await api.signOut();
      setPerson(null);
      setSignedOut(true);
    } catch (error) {
      setRefusal(error as ApiError);
    }
  };
  const switchLanguage = () => {
    const other = language === "zh" ? "en" : "zh";
    rememberLanguage(other);
    speak(other);
  };
  return (
    <WordsContext.Provider value={words}>
      <div class="command">
        <header class="command-head">
          <h1>
            <img src="/static/icon.svg" alt="" width="24" height="24" />
            {t.title}
          </h1>
          <nav aria-label={t.title}>
            {VIEWS.map((name) => (
              <a key={name} href={`#/${name}`} aria-current={name === view ? "page" : undefined}>
                {name === "accounts" ? accountStrings[language].accounts : t[name]}
              </a>
            ))}
            <a href="/">{t.review}</a>
            <a href="/alerts">{t.alerts}</a>
          </nav>
          {person ? (
            <span class="signed-in">
              <span class="muted">{person.display_name}</span>
              <button type="button" class="quiet" onClick={() => void signOut()}>
                {words.t.signOut}
              </button>
            </span>
          ) : null}
          <button type="button" class="quiet" onClick={switchLanguage}>
            {t.language}
          </button>
        </header>
        <main tabIndex={0}>
          {refusal || isSignedOut ? (
            <p class="empty" role="alert">
              {refusal ? words.refusal(refusal) : t.signedOut} <a href="/">{t.review}</a>
            </p>
          ) : vocabulary === null ? (
            <p class="empty">{t.loading}</p>
          ) : view === "figures" ? (
            <FiguresView t={t} />
          ) : view === "patrols" ? (
            <PatrolsView t={t} />
          ) : view === "accounts" ? (
            <AccountsView t={t} language={language} />
          ) : view === "quality" ? (
            <QualityView t={t} vocabulary={vocabulary} />
          ) : (
            <DistrictView t={t} vocabulary={vocabulary} />
          )}
        </main>
      </div>
    </WordsContext.Provider>
  );
}
