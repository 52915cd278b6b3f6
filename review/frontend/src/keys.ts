// One key, one action; nothing happens while somebody types or a dialog is open.

import type { ReviewStore } from "./store";
import type { PhotoView } from "./photo-view";

type Action = (store: ReviewStore, view: PhotoView | null) => void;

const ACTIONS: Record<string, Action> = {
  c: (store) => void store.decisions.decide({ decision: "confirm" }),
  x: (store) => store.allows("reject") && store.set({ dialog: "reject" }),
  q: (store) => void store.arranging.unsure(),
  a: (store) => void store.decisions.decide({ decision: "assign" }),
  u: (store) => void store.decisions.undo(),
  j: (store) => void store.step(1),
  arrowdown: (store) => void store.step(1),
  k: (store) => void store.step(-1),
  arrowup: (store) => void store.step(-1),
  arrowright: (store) => store.showPhoto(store.state.photoIndex + 1),
  arrowleft: (store) => store.showPhoto(store.state.photoIndex - 1),
  g: (store) => store.several.open(),
  b: (store) => void store.swipe(),
  m: (store) => store.set({ outlineOn: !store.state.outlineOn }),
  s: (store) => store.arranging.askSnooze(),
  y: (store) => void store.arranging.askMerge(),
  t: (store) => store.arranging.askSplit(),
  e: (store) => store.handWork.correct(),
  n: (store) => store.handWork.draw(),
  enter: (store, view) => void store.handWork.save(view),
  escape: (store) => store.set({ hand: null }),
  z: (_, view) => view?.zoomToObject(),
  f: (_, view) => view?.zoomWhole(),
  "+": (_, view) => view?.zoomBy(1.5),
  "=": (_, view) => view?.zoomBy(1.5),
  "-": (_, view) => view?.zoomBy(1 / 1.5),
  "?": (store) => store.set({ dialog: "help" }),
  ...Object.fromEntries(
    [1, 2, 3, 4, 5, 6, 7, 8, 9].map((number): [string, Action] => [String(number), (store) => void store.handWork.reclassify(number)]),
  ),
};

/** Only while something is drawn: elsewhere Enter presses buttons. */
const BY_HAND = new Set(["enter", "escape"]);
/** Nothing is decided or left while something is drawn that is not saved. */
const DECIDES = new Set([..."123456789", "c", "x", "q", "a", "u", "j", "k", "g", "s", "y", "t", "arrowdown", "arrowup", "arrowleft", "arrowright"]);

const TYPED = "input:not([type=radio]):not([type=checkbox]):not([type=range]), textarea, select, [contenteditable]";

/** Ctrl+Z or Cmd+Z, with Shift for once more. */
const turns = ({ key, ctrlKey, metaKey, altKey }: KeyboardEvent) => key.toLowerCase() === "z" && (ctrlKey || metaKey) && !altKey;

export function listenToKeys(store: ReviewStore, view: () => PhotoView | null): () => void {
  const down = (event: KeyboardEvent) => {
    if (event.defaultPrevented) return; // a number that a dialog has taken, and closed by it
    const target = event.target instanceof Element ? event.target : document.body;
    if (store.state.dialog || target.closest(TYPED)) return;
    if (turns(event)) {
      event.preventDefault(); // else the browser goes to the field in which something was typed last
      return store.handWork.turn(event.shiftKey ? "again" : "back", view());
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (target.closest("[type=range]") && event.key.startsWith("Arrow")) return;
    if (event.key === " " && !target.closest("button, a, summary")) {
      store.set({ peeking: true });
      return event.preventDefault();
    }
    const key = event.key.toLowerCase();
    const action = ACTIONS[key];
    if (!action || (BY_HAND.has(key) && !store.state.hand)) return;
    event.preventDefault();
    if (DECIDES.has(key) && store.refuseWhileDrawing()) return;
    action(store, view());
  };
  const up = (event: KeyboardEvent) => {
    if (event.key === " " && store.state.peeking) store.set({ peeking: false });
  };
  const blur = () => store.state.peeking && store.set({ peeking: false });
  window.addEventListener("keydown", down);
  window.addEventListener("keyup", up);
  window.addEventListener("blur", blur);
  return () => {
    window.removeEventListener("keydown", down);
    window.removeEventListener("keyup", up);
    window.removeEventListener("blur", blur);
  };
}
