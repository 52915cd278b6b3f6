// One key, one action; nothing happens while somebody types or a dialog is open.

import type { ReviewStore } from "./store";
import type { PhotoView } from "./photo-view";

type Action = (store: ReviewStore, view: PhotoView | null) => void;

const ACTIONS: Record<string, Action> = {
  c: (store) => void store.decide({ decision: "confirm" }),
  x: (store) => store.allows("reject") && store.set({ dialog: "reject" }),
  u: (store) => void store.undo(),
  j: (store) => void store.step(1),
  arrowdown: (store) => void store.step(1),
  k: (store) => void store.step(-1),
  arrowup: (store) => void store.step(-1),
  arrowright: (store) => store.showPhoto(store.state.photoIndex + 1),
  arrowleft: (store) => store.showPhoto(store.state.photoIndex - 1),
  g: (store) => store.several.open(),
  m: (store) => store.set({ outlineOn: !store.state.outlineOn }),
  z: (_, view) => view?.zoomToObject(),
  f: (_, view) => view?.zoomWhole(),
  "+": (_, view) => view?.zoomBy(1.5),
  "=": (_, view) => view?.zoomBy(1.5),
  "-": (_, view) => view?.zoomBy(1 / 1.5),
  "?": (store) => store.set({ dialog: "help" }),
};

const TYPED = "input:not([type=radio]):not([type=checkbox]), textarea, select, [contenteditable]";

export function listenToKeys(store: ReviewStore, view: () => PhotoView | null): () => void {
  const down = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || store.state.dialog) return;
    const target = event.target instanceof Element ? event.target : document.body;
    if (target.closest(TYPED)) return;
    if (event.key === " " && !target.closest("button, a, summary")) {
      store.set({ peeking: true });
      return event.preventDefault();
    }
    const action = ACTIONS[event.key.toLowerCase()];
    if (!action) return;
    event.preventDefault();
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
