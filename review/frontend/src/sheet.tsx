// A dialog above the page; Escape, the close button and mostly a click beside it close it.

import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { useWords } from "./i18n";

interface SheetProps {
  onClose: () => void;
  title: string;
  wide?: boolean;
  /** A click beside it does not close it: what it shows cannot be had again. */
  stays?: boolean;
  onKeyDown?: (event: KeyboardEvent) => void;
  children: ComponentChildren;
}

export function Sheet({ onClose, title, wide = false, stays = false, onKeyDown, children }: SheetProps) {
  const { t } = useWords();
  const dialog = useRef<HTMLDialogElement>(null);
  // Before the next key: a number pressed right after X has to find the dialog.
  useLayoutEffect(() => {
    dialog.current?.showModal();
  }, []);
  return (
    <dialog
      ref={dialog}
      class={wide ? "sheet wide" : "sheet"}
      aria-labelledby="sheet-title"
      onKeyDown={onKeyDown}
      onClose={onClose}
      onClick={(event) => !stays && event.target === dialog.current && dialog.current?.close()}
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
