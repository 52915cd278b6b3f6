// Speaks the other of the page's two languages.

import { useWords } from "./i18n";
import type { ReviewStore } from "./store";

export function LanguageButton({ store }: { store: ReviewStore }) {
  const { language, t } = useWords();
  const [other, code] = language === "en" ? (["zh", "zh-CN"] as const) : (["en", "en"] as const);
  return (
    <button type="button" class="quiet" lang={code} title={t.languageTitle} onClick={() => store.speak(other)}>
      {t.language}
    </button>
  );
}
