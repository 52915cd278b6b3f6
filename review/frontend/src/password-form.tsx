// Where somebody gives themselves another password.

import { useState } from "preact/hooks";
import { api, ApiError } from "./api";
import { useWords } from "./i18n";

export function PasswordForm() {
  const words = useWords();
  const { t } = words;
  const [told, tell] = useState("");
  const send = async (form: HTMLFormElement) => {
    const typed = new FormData(form);
    try {
      await api.changePassword(String(typed.get("old")), String(typed.get("new")));
      form.reset();
      tell(t.passwordChanged);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      tell(words.refusal(error));
    }
  };
  return (
    <details class="password">
      <summary>{t.changePassword}</summary>
      <form
        class="ask"
        onSubmit={(event) => {
          event.preventDefault();
          void send(event.currentTarget);
        }}
      >
        <label>
          {t.oldPassword}
          <input name="old" type="password" autocomplete="current-password" required maxLength={200} />
        </label>
        <label>
          {t.newPassword}
          <input name="new" type="password" autocomplete="new-password" required minLength={10} maxLength={200} />
        </label>
        <button type="submit">{t.changePassword}</button>
        <p role="status">{told}</p>
      </form>
    </details>
  );
}
