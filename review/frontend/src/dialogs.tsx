// What is asked or shown above the page: keys, the reason of a decision, who is there.

import { useRef } from "preact/hooks";
import { FeedBack } from "./feed-back";
import { useWords } from "./i18n";
import { NewsSheet } from "./news-sheet";
import { PasswordForm } from "./password-form";
import { Merge, Snooze, Split } from "./arranging-dialogs";
import { Reasons } from "./reasons";
import { SeveralDialog } from "./several-dialog";
import { Sheet } from "./sheet";
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
    case "feed_back":
      return <FeedBack store={store} />;
    case "name":
      return <Name store={store} />;
    case "news":
      return <NewsSheet store={store} />;
    case "account":
      return <Account store={store} />;
    case "missed":
      return <Missed store={store} />;
    case "class":
      return <OtherClass store={store} />;
    case "snooze":
      return <Snooze store={store} />;
    case "merge":
      return <Merge store={store} />;
    case "split":
      return <Split store={store} />;
    case "several":
      return <SeveralDialog store={store} />;
    default:
      return null;
  }
}

function Help({ store }: { store: ReviewStore }) {
  const { t } = useWords();
  const { vocabulary } = store.state;
  const rows: [string[], string][] = [
    [["C"], t.keys.confirm],
    [["X", `1–${vocabulary?.reasons.length ?? ""}`], t.keys.reject],
    [["Q"], t.keys.unsure],
    [["A"], t.keys.assign],
    [[`1–${vocabulary?.classes.length ?? ""}`], t.keys.reclassify],
    [["U"], t.keys.undo],
    [["J", "↓"], t.keys.next],
    [["K", "↑"], t.keys.previous],
    [["←", "→"], t.keys.otherPhoto],
    [["G"], t.keys.several],
    [["S"], t.keys.snooze],
    [["Y"], t.keys.merge],
    [["T"], t.keys.split],
    [["E"], t.keys.correct],
    [["N"], t.keys.missed],
    [["Ctrl+Z", "Shift+Ctrl+Z"], t.keys.handStep],
    [["B"], t.keys.before],
    [["M"], t.keys.mask],
    [["Space"], t.keys.peek],
    [["Z"], t.keys.object],
    [["F"], t.keys.whole],
    [["+", "−"], t.keys.zoom],
    [["?"], t.keys.help],
    [["Esc"], t.keys.escape],
  ];
  return (
    <Sheet onClose={store.closeDialog} title={t.keysTitle}>
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

function Reject({ store }: { store: ReviewStore }) {
  const { t } = useWords();
  return (
    <Sheet onClose={store.closeDialog} title={t.rejectTitle}>
      <Reasons
        reasons={store.state.vocabulary?.reasons ?? []}
        written={store.decisions.written("reject").note}
        onSend={(reason, note) => void store.decisions.decide({ decision: "reject", reason, note })}
      />
    </Sheet>
  );
}

function Reopen({ store }: { store: ReviewStore }) {
  const { t } = useWords();
  return (
    <Sheet onClose={store.closeDialog} title={t.reopenTitle}>
      <Ask
        label={t.reasonOwn}
        initial={store.decisions.written("reopen").reason ?? ""}
        onSend={(reason) => void store.decisions.decide({ decision: "reopen", reason })}
      />
    </Sheet>
  );
}

function StepReason({ store }: { store: ReviewStore }) {
  const { t } = useWords();
  const { step } = store.state;
  if (!step) return null;
  return (
    <Sheet onClose={store.closeDialog} title={t.steps[step]}>
      <Ask
        label={t.reasonOwn}
        initial={store.decisions.written(step).reason ?? ""}
        onSend={(reason) => void store.decisions.decide({ decision: step, reason })}
      />
    </Sheet>
  );
}

/** Of what class something is that was drawn in the photo. */
function Missed({ store }: { store: ReviewStore }) {
  const { t } = useWords();
  return <Classes store={store} title={t.missedTitle} onChoose={(_, name) => void store.handWork.add(name)} />;
}

/** Of what class the open case is, where the model was wrong; the number keys say so without asking. */
function OtherClass({ store }: { store: ReviewStore }) {
  const { t } = useWords();
  const choose = (number: number) => {
    store.set({ dialog: null });
    void store.handWork.reclassify(number);
  };
  return <Classes store={store} title={t.classTitle} onChoose={choose} />;
}

function Classes({ store, title, onChoose }: { store: ReviewStore; title: string; onChoose: (number: number, name: string) => void }) {
  const words = useWords();
  const classes = store.state.vocabulary?.classes ?? [];
  const pressed = (event: KeyboardEvent) => {
    const chosen = classes[Number(event.key) - 1];
    if (!chosen) return;
    event.preventDefault();
    onChoose(Number(event.key), chosen.name);
  };
  return (
    <Sheet onClose={store.closeDialog} title={title} onKeyDown={pressed}>
      <div class="reasons">
        {classes.map((entry, index) => (
          <button key={entry.name} type="button" autoFocus={index === 0} onClick={() => onChoose(index + 1, entry.name)}>
            <kbd>{index + 1}</kbd> {words.label(entry.label)}
          </button>
        ))}
      </div>
    </Sheet>
  );
}

function Name({ store }: { store: ReviewStore }) {
  const { t } = useWords();
  return (
    <Sheet onClose={store.closeDialog} title={t.nameTitle}>
      <p class="muted">{t.nameHint}</p>
      <Ask label={t.nameLabel} initial={store.state.inspector} onSend={(name) => store.presence.rename(name)} />
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
    <Sheet onClose={store.closeDialog} title={person.display_name}>
      <p class="muted">
        {person.name} · {[person.town, person.village].filter(Boolean).join(" · ") || t.wholeDistrict}
      </p>
      <fieldset class="roles">
        <legend>{t.actsAs}</legend>
        {person.roles.map((name) => (
          <label key={name}>
            <input type="radio" name="role" checked={name === role} onChange={() => store.presence.actAs(name)} /> {words.role(name)}
          </label>
        ))}
      </fieldset>
      <PasswordForm />
      <button type="button" class="primary" onClick={() => void store.presence.signOut()}>
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
