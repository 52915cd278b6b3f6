// Patrols: what was planned, how it did in simulation, how it was flown, and what is in the air now.

import { useEffect, useRef, useState } from "preact/hooks";
import { api, ApiError } from "../api";
import { useWords } from "../i18n";
import { commandApi, type LiveFlight, type SortieState } from "./api";
import { PatrolMap } from "./patrol-map";
import type { CommandStrings } from "./words";

const AGAIN_MS = 5_000;

export function PatrolsView({ t }: { t: CommandStrings }) {
  const words = useWords();
  const target = useRef<HTMLDivElement>(null);
  const map = useRef<PatrolMap | null>(null);
  const [sorties, setSorties] = useState<SortieState[] | null>(null);
  const [chosen, choose] = useState("");
  const [live, setLive] = useState<LiveFlight[]>([]);
  const [refusal, setRefusal] = useState<ApiError | null>(null);
  useEffect(() => {
    const drawn = new PatrolMap(target.current!);
    map.current = drawn;
    void api.layer("cells").then((layer) => drawn.setCells(layer));
    commandApi.flights().then(setSorties, setRefusal);
    const stop = listen((flights, isNew) => {
      for (const flight of flights) drawn.fly(flight.name, flight.points, isNew);
      setLive(flights);
    });
    return () => (stop(), drawn.dispose());
  }, []);
  useEffect(() => {
    if (!sorties) return;
    map.current?.setPlans(sorties, chosen);
    map.current?.fitPlans(chosen || undefined);
  }, [sorties, chosen]);
  return (
    <div class="district-view">
      <section class="district-map" aria-label={t.map}>
        <div ref={target} class="canvas" tabIndex={0} role="application" aria-label={t.map} />
      </section>
      <section class="district-side" aria-label={t.patrols}>
        {refusal ? <p role="alert">{words.refusal(refusal)}</p> : null}
        <h2>{t.inTheAir}</h2>
        {live.length ? (
          <ul class="live-flights">
            {live.map((flight) => (
              <Live key={flight.name} flight={flight} t={t} />
            ))}
          </ul>
        ) : (
          <p class="muted">{t.nothingFlies}</p>
        )}
        <h2>{t.sorties}</h2>
        {sorties || refusal ? null : <p class="muted" role="status">{t.loading}</p>}
        {sorties && !sorties.length ? <p class="muted">{t.noSorties}</p> : null}
        {sorties?.map((state) => (
          <Sortie key={state.code} state={state} isOpen={state.code === chosen} onChoose={() => choose(state.code === chosen ? "" : state.code)} t={t} />
        ))}
      </section>
    </div>
  );
}

function Live({ flight, t }: { flight: LiveFlight; t: CommandStrings }) {
  const words = useWords();
  const { progress } = flight;
  const facts = progress
    ? [
        `${progress.phase} ${progress.mode}`,
        `${t.item} ${words.number(progress.item)}/${words.number(progress.items)}`,
        `${t.photosTaken} ${words.number(progress.photos)}/${words.number(progress.photos_planned)}`,
        `${words.number(progress.height_home_m)} m`,
        progress.battery_share === null ? "" : `${t.battery} ${words.number(100 * progress.battery_share)} %`,
      ]
    : [flight.speed_m_s === null ? "" : `${words.number(flight.speed_m_s, 1)} m/s`];
  return (
    <li>
      <strong>{flight.name}</strong> <span class="muted">{facts.filter(Boolean).join(" · ")}</span>
    </li>
  );
}

interface SortieProps {
  state: SortieState;
  isOpen: boolean;
  onChoose: () => void;
  t: CommandStrings;
}

function Sortie({ state, isOpen, onChoose, t }: SortieProps) {
  const words = useWords();
  const { simulated } = state;
  const verdict = !simulated ? t.notSimulated : !simulated.is_of_this_file ? t.simulatedOther : simulated.passed ? t.passed : t.failed;
  const percent = (share: number) => `${words.number(100 * share)} %`;
  return (
    <article class="sortie">
      <button type="button" class="link" aria-expanded={isOpen} onClick={onChoose}>
        {state.code}
      </button>
      <span class={simulated && !simulated.passed ? "chip bad" : "chip"}>{verdict}</span>
      <span class="muted">
        {words.number(state.photos_planned)} {t.photos} · {t.minutes(words.number(state.duration_s / 60, 1))} ·{" "}
        {t.kilometres(words.number(state.distance_m / 1000, 1))}
      </span>
      {state.flights.map((flown) => (
        <p key={flown.name}>
          {flown.name}: {flown.completed ? t.completed : flown.problem || t.brokenOff} · {t.photosTaken} {words.number(flown.photos)}/
          {words.number(flown.photos_planned)}
        </p>
      ))}
      {isOpen ? (
        <div>
          {simulated ? (
            <ul>
              {Object.entries(simulated.scenarios).map(([name, ended]) => (
                <li key={name}>
                  {ended ? "✓" : "✗"} {name}
                </li>
              ))}
            </ul>
          ) : null}
          {simulated?.problem ? <p>{simulated.problem}</p> : null}
          {Object.entries(state.seen_share).map(([cell, share]) => (
            <p key={cell}>
              {t.seen} {cell}: {percent(share)}{" "}
              {share < 0.9995 ? <a href={`/api/gaps/${encodeURIComponent(cell)}.geojson`} download={`gaps-${cell}.geojson`}>{t.gaps}</a> : null}
            </p>
          ))}
          {Object.values(state.seen_share).some((share) => share < 0.9995) ? (
            <Refly code={state.code} t={t} />
          ) : null}
        </div>
      ) : null}
    </article>
  );
}

/** The gaps planned as files to be flown; made when asked for, which takes some seconds. */
function Refly({ code, t }: { code: string; t: CommandStrings }) {
  const words = useWords();
  const [refusal, setRefusal] = useState<ApiError | null>(null);
  const [busy, setBusy] = useState(false);
  const make = async () => {
    setBusy(true);
    setRefusal(null);
    try {
      save(await commandApi.refly(code), `${code}-refly.zip`);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      setRefusal(error);
    }
    setBusy(false);
  };
  return (
    <>
      <button type="button" disabled={busy} onClick={() => void make()}>
        {busy ? t.reflyMaking : t.refly}
      </button>
      {refusal ? <p role="alert">{words.refusal(refusal)}</p> : null}
    </>
  );
}

function save(content: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  window.setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** Listen to what flies; opened again by itself after a break, and the tracks begin anew then. */
function listen(hear: (flights: LiveFlight[], isNew: boolean) => void): () => void {
  let socket: WebSocket | null = null;
  let timer = 0;
  let isStopped = false;
  const open = () => {
    let isNew = true;
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    socket = new WebSocket(`${scheme}//${location.host}/api/flights/live`);
    socket.onmessage = (event) => {
      hear((JSON.parse(event.data as string) as { flights: LiveFlight[] }).flights, isNew);
      isNew = false;
    };
    socket.onclose = () => {
      if (!isStopped) timer = window.setTimeout(open, AGAIN_MS);
    };
  };
  open();
  return () => {
    isStopped = true;
    window.clearTimeout(timer);
    socket?.close();
  };
}
