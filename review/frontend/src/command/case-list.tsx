// The cases of the place that the district view has come to: what is overdue and due first, then what is urgent.

import { useState } from "preact/hooks";
import { Due } from "../due";
import { useWords } from "../i18n";
import { StageChip } from "../symbols";
import type { Vocabulary } from "../types";
import type { CasePoint } from "./api";
import type { CommandStrings } from "./words";

const AT_ONCE = 50;

interface CaseListProps {
  cases: CasePoint[];
  vocabulary: Vocabulary;
  t: CommandStrings;
  onPick: (found: CasePoint) => void;
}

export function CaseList({ cases, vocabulary, t, onPick }: CaseListProps) {
  const words = useWords();
  const [most, setMost] = useState(AT_ONCE);
  const nameOf = (code: string) => {
    const known = vocabulary.categories.find((entry) => entry.code === code);
    return known ? words.label(known.name) : code;
  };
  const dueAt = ([, , , , , , , , due]: CasePoint) => (due ? Date.parse(due) : Number.MAX_VALUE);
  const inOrder = [...cases].sort((a, b) => dueAt(a) - dueAt(b) || a[5] - b[5]); // else as the server has them
  return (
    <section class="case-list" aria-label={t.casesHere}>
      <h3>
        {t.casesHere} ({words.number(cases.length)})
      </h3>
      <ul>
        {inOrder.slice(0, most).map((found) => (
          <li key={found[0]}>
            <button type="button" class="link" onClick={() => onPick(found)}>
              {found[0]}
            </button>{" "}
            {nameOf(found[4])} <StageChip stage={found[3]} />
            {found[8] ? <Due at={found[8]} isOver={found[6]} /> : null}{" "}
            <a href={`/#/case/${encodeURIComponent(found[0])}`}>{t.openCase}</a>
          </li>
        ))}
      </ul>
      {cases.length > most ? (
        <button type="button" onClick={() => setMost(most + AT_ONCE)}>
          {words.t.loadMore}
        </button>
      ) : null}
    </section>
  );
}
