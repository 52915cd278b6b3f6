// What is asked or shown above the page: keys, the reason of a decision, who is there.

import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { useWords } from "./i18n";
import type { ReviewStore } from "./store";

export function Dialogs({ store }: { store: ReviewStore }) {
  switch (store.state.dialog) {
    case "help":
      return <Help store={store} />;
    case "reject":
      return <Reject store={store} />;
    case "reopen":
      return <Reopen store={store} />;
    case "step":
      return <StepReason store={store} />;
    case "name":
      return <Name store={store} />;
    case "account":
      return <Account store={store} />;
    default:
      return null;
  }
}

interface SheetProps {
  store: ReviewStore;
  title: string;
  children: ComponentChildren;
}

function Sheet({ store, title, children }: SheetProps) {
  const { t } = useWords();
  const dialog = useRef<HTMLDialogElement>(null);
  // Before the next key: a number pressed right after X has to find the dialog.
  useLayoutEffect(() => {
    dialog.current?.showModal();
  }, []);
  return (
    <dialog
      ref={dialog}
      class="sheet"
      aria-labelledby="sheet-title"
      onClose={() => store.set({ dialog: null })}
      onClick={(event) => event.target === dialog.current && dialog.current?.close()}
    >
      <div class="sheet-body">
        <div class="sheet-head">
          <h2 id="sheet-title">{title}</h2>
          <button type="button" class="quiet" onClick={() => dialog.current?.close()}>
            {t.close} <kbd>Esc</kbd>
          </button>
        </div>
        {children}
      </div>
    </dialog>
  );
}

function Help({ store }: { store: ReviewStore }) {
  const { t } = useWords();
  const rows: [string[], string][] = [
    [["C"], t.keys.confirm],
    [["X", "1–7"], t.keys.reject],
    [["U"], t.keys.undo],
    [["J", "↓"], t.keys.next],
    [["K", "↑"], t.keys.previous],
    [["←", "→"], t.keys.otherPhoto],
    [["M"], t.keys.mask],
    [["Space"], t.keys.peek],
    [["Z"], t.keys.object],
    [["F"], t.keys.whole],
    [["+", "−"], t.keys.zoom],
    [["?"], t.keys.help],
    [["Esc"], t.keys.escape],
  ];
  return (
    <Sheet store={store} title={t.keysTitle}>
      <dl class="key-list">
        {rows.map(([keys, text]) => (
          <div key={text}>
            <dt>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
    </Sheet>
  );
}

/** A number decides at once; with "other", or by hand, a note goes along. */
function Reject({ store }: { store: ReviewStore }) {
  const words = useWords();
  const { t } = words;
  const note = useRef<HTMLInputElement>(null);
  const reasons = store.state.vocabulary?.reasons ?? [];
  const send = (reason: string) => {
    const written = note.current?.value.trim() ?? "";
    if (reason === "other" && !written) return note.current?.focus();
    void store.decide({ decision: "reject", reason, note: written });
  };
  const pressed = (event: KeyboardEvent) => {
    if ((event.target as Element).tagName === "INPUT") return;
    const reason = reasons[Number(event.key) - 1];
    if (!reason) return;
    event.preventDefault();
    send(reason);
  };
  return (
    <Sheet store={store} title={t.rejectTitle}>
      <div class="reasons" onKeyDown={pressed}>
        {reasons.map((reason, index) => (
          <button key={reason} type="button" autoFocus={index === 0} onClick={() => send(reason)}>
            <kbd>{index + 1}</kbd> {words.reason(reason)}
          </button>
        ))}
        <label>
          {t.reasonNote}
          <input
            ref={note}
            type="text"
            maxLength={300}
            onKeyDown={(event) => event.key === "Enter" && send("other")}
          />
        </label>
      </div>
    </Sheet>
  );
}

function Reopen({ store }: { store: ReviewStore }) {
  const { t } = useWords();
  return (
    <Sheet store={store} title={t.reopenTitle}>
      <Ask
        label={t.reasonOwn}
        initial=""
        onSend={(reason) => void store.decide({ decision: "reopen", reason })}
      />
    </Sheet>
  );
}

function StepReason({ store }: { store: ReviewStore }) {
  const { t } = useWords();
  const { step } = store.state;
  if (!step) return null;
  return (
    <Sheet store={store} title={t.steps[step]}>
      <Ask label={t.reasonOwn} initial="" onSend={(reason) => void store.decide({ decision: step, reason })} />
    </Sheet>
  );
}

function Name({ store }: { store: ReviewStore }) {
  const { t } = useWords();
  return (
    <Sheet store={store} title={t.nameTitle}>
      <p class="muted">{t.nameHint}</p>
      <Ask label={t.nameLabel} initial={store.state.inspector} onSend={(name) => store.rename(name)} />
    </Sheet>
  );
}

/** As whom somebody is known, in which role they act, and the way out. */
function Account({ store }: { store: ReviewStore }) {
  const words = useWords();
  const { t } = words;
  const { session, role } = store.state;
  const person = session?.person;
  if (!person) return null;
  return (
    <Sheet store={store} title={person.display_name}>
      <p class="muted">
        {person.name} · {[person.town, person.village].filter(Boolean).join(" · ") || t.wholeDistrict}
      </p>
      <fieldset class="roles">
        <legend>{t.actsAs}</legend>
        {person.roles.map((name) => (
          <label key={name}>
            <input type="radio" name="role" checked={name === role} onChange={() => store.actAs(name)} /> {words.role(name)}
          </label>
        ))}
      </fieldset>
      <button type="button" class="primary" onClick={() => void store.signOut()}>
        {t.signOut}
      </button>
    </Sheet>
  );
}

function Ask({ label, initial, onSend }: { label: string; initial: string; onSend: (text: string) => void }) {
  const { t } = useWords();
  const input = useRef<HTMLInputElement>(null);
  return (
    <form
      class="ask"
      onSubmit={(event) => {
        event.preventDefault();
        const text = input.current?.value.trim();
        if (text) onSend(text);
      }}
    >
      <label>
        {label}
        <input ref={input} type="text" required maxLength={80} defaultValue={initial} autoFocus />
      </label>
      <button type="submit" class="primary">
        {t.send}
      </button>
    </form>
  );
}
