// What is new: the button that counts it, and the list it opens.

import { Sheet } from "./sheet";
import { useWords } from "./i18n";
import { FOUND } from "./own-news";
import type { ReviewStore } from "./store";

export function NewsButton({ store }: { store: ReviewStore }) {
  const words = useWords();
  const { unread } = store.news;
  return (
    <button type="button" class={unread ? "quiet news some" : "quiet news"} onClick={() => store.showNews()}>
      {words.t.news} <span class="count">{words.number(unread)}</span>
    </button>
  );
}

export function NewsSheet({ store }: { store: ReviewStore }) {
  const words = useWords();
  const { t } = words;
  const { items, sound } = store.news;
  const categoryOf = (code: string) => {
    const category = store.state.vocabulary?.categories.find((entry) => entry.code === code);
    return category ? words.label(category.name) : code;
  };
  return (
    <Sheet onClose={store.closeDialog} title={t.newsTitle}>
      {items.length ? (
        <ol class="news-list">
          {items.map((item) => (
            <li key={item.id}>
              <button type="button" onClick={() => store.openNews(item.no)}>
                <strong class={item.urgent ? "alarm" : undefined}>
                  {item.alert ? `${t.alert}: ${words.label(item.alert)}` : FOUND.has(item.action) ? t.newCase : words.action(item.action)}
                  {" · "}
                  {categoryOf(item.category)}
                </strong>
                {item.reason ? <span class="reason">{words.reason(item.reason)}</span> : null}
                <span>
                  {item.no} · {item.place || t.noCell}
                </span>
                <time dateTime={item.at}>{words.time(item.at)}</time>
              </button>
            </li>
          ))}
        </ol>
      ) : (
        <p class="muted">{t.noNews}</p>
      )}
      <label class="check">
        <input type="checkbox" checked={sound} onChange={(event) => store.useSound(event.currentTarget.checked)} />
        {t.sound}
      </label>
    </Sheet>
  );
}
