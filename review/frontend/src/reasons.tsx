// Why something is no violation: a number decides at once; with "other", or by hand, a note goes along.

import { useRef, useState } from "preact/hooks";
import { useWords } from "./i18n";

interface ReasonsProps {
  reasons: string[];
  written?: string;
  onSend: (reason: string, note: string) => void;
}

export function Reasons({ reasons, written = "", onSend }: ReasonsProps) {
  const words = useWords();
  const { t } = words;
  const note = useRef<HTMLInputElement>(null);
  const [wanted, setWanted] = useState(false);
  const [missing, setMissing] = useState(false);
  const send = (reason: string) => {
    const said = note.current?.value.trim() ?? "";
    if (reason === "other" && !said) {
      setWanted(true);
      setMissing(false);
      return note.current?.focus();
    }
    onSend(reason, said);
  };
  /** Enter in the note sends nothing by itself: a reason has to be chosen. */
  const entered = (event: KeyboardEvent) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    if (wanted) return send("other");
    setMissing(true);
  };
  const pressed = (event: KeyboardEvent) => {
    if ((event.target as Element).tagName === "INPUT") return;
    const reason = reasons[Number(event.key) - 1];
    if (!reason) return;
    event.preventDefault();
    send(reason);
  };
  return (
    <div class="reasons" onKeyDown={pressed}>
      {reasons.map((reason, index) => (
        <button
          key={reason}
          type="button"
          aria-pressed={wanted && reason === "other" ? "true" : undefined}
          autoFocus={index === 0}
          onClick={() => send(reason)}
        >
          <kbd>{index + 1}</kbd> {words.reason(reason)}
        </button>
      ))}
      <label>
        {wanted ? t.reasonNoteWanted : t.reasonNote}
        <input ref={note} type="text" maxLength={300} defaultValue={written} onKeyDown={entered} />
      </label>
      <p class="warning" role="alert">
        {missing ? t.reasonFirst(reasons.length) : ""}
      </p>
      {wanted ? (
        <button type="button" class="primary" onClick={() => send("other")}>
          {t.send}
        </button>
      ) : null}
    </div>
  );
}
