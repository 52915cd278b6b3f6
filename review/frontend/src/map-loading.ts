// OpenLayers comes after the queue: it is most of the page's code, and a list needs none of it.

import { useEffect, useState } from "preact/hooks";

type Maps = typeof import("./maps");

const TRY_AGAIN_MS = 3_000;

let loading: Promise<Maps> | null = null;

/** Loads the file once; while the server is away, again and again. */
export function loadMaps(): Promise<Maps> {
  return (loading ??= load());
}

async function load(): Promise<Maps> {
  for (;;) {
    try {
      return (await import(MAPS_FILE)) as Maps;
    } catch {
      await new Promise((later) => window.setTimeout(later, TRY_AGAIN_MS));
    }
  }
}

/** What draws maps and photos: null until it is wanted and there. */
export function useMaps(wanted: boolean): Maps | null {
  const [maps, setMaps] = useState<Maps | null>(null);
  useEffect(() => {
    if (wanted) void loadMaps().then(setMaps);
  }, [wanted]);
  return maps;
}
