// Asks who is there, before anything is shown.

import { useRef, useState } from "preact/hooks";
import { useWords } from "./i18n";
import { LanguageButton } from "./language-button";
import type { ReviewStore } from "./store";

export function SignIn({ store }: { store: ReviewStore }) {
  const { t } = useWords();
  const name = useRef<HTMLInputElement>(null);
  const password = useRef<HTMLInputElement>(null);
  const [waiting, setWaiting] = useState(false);
  const { signInProblem } = store.state;
  const send = async (event: Event) => {
    event.preventDefault();
    setWaiting(true);
    await store.presence.signIn(name.current!.value, password.current!.value);
    setWaiting(false);
    if (password.current) password.current.value = "";
    password.current?.focus();
  };
  return (
    <main class="sign-in">
      <form onSubmit={(event) => void send(event)}>
        <h1>
          <img src="/static/icon.svg" alt="" width="32" height="32" /> {t.appName}
          <span class="muted">{t.tagline}</span>
        </h1>
        <label>
          {t.signInName}
          <input
            ref={name} type="text" name="username" autoComplete="username" autoCapitalize="none" spellcheck={false}
            required maxLength={100} autoFocus
          />
        </label>
        <label>
          {t.password}
          <input ref={password} type="password" name="password" autoComplete="current-password" required maxLength={200} />
        </label>
        <p class="warning" role="alert">
          {signInProblem}
        </p>
        <button type="submit" class="primary" disabled={waiting}>
          {t.signIn}
        </button>
        {store.state.session?.single_sign_on ? (
          <a class="single-sign-on" href="/api/openid/start">
            {t.singleSignOn}
          </a>
        ) : null}
        <LanguageButton store={store} />
      </form>
    </main>
  );
}
