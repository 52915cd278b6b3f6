// When a case is due, or that it is overdue: the same words wherever cases are listed.

import { useWords } from "./i18n";

export function Due({ at, isOver }: { at: string; isOver: boolean }) {
  const words = useWords();
  if (isOver) {
    return (
      <span class="chip alarm when" title={`${words.t.due} ${words.time(at)}`}>
        {words.t.overdue}
      </span>
    );
  }
  const isPast = Date.parse(at) <= Date.now(); // handled before, and waits to be verified
  return (
    <time dateTime={at} title={words.time(at)}>
      {isPast ? words.t.wasDue(words.age(at)) : words.t.dueIn(words.until(at))}
    </time>
  );
}
