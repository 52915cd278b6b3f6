// What happens while the page is open, and what happened while it was closed, as the server tells it.

import type { Label } from "./types";

export interface CaseNews {
  seq: number;
  at: string;
  actor: string;
  action: string;
  no: string;
  category: string;
  stage: string;
  urgency: number;
  cell_code: string;
  town: string;
  village: string;
  /** Why, where somebody has said so. */
  reason: string;
}

interface AlertNews {
  event_label: Label;
  category: string;
  cell: string;
  cases: string[];
  at: string;
}

/** What happened to a case, or something that people are told of. */
export interface NewsItem {
  id: string;
  at: string;
  no: string;
  category: string;
  place: string;
  urgent: boolean;
  /** What an alert is about; null for what happened to a case. */
  alert: Label | null;
  /** What happened to the case; empty for an alert. */
  action: string;
  reason: string;
}

interface Listener {
  /** Something has changed; called once for many changes at a time. */
  changed: () => void;
  /** A case that something has happened to, at once. */
  about: (no: string) => void;
  /** It tells nothing more for now. */
  broken: () => void;
  /** Whether the person is told of it. */
  wants: (news: CaseNews) => boolean;
  /** Something new that a person should hear of. */
  arrived: (item: NewsItem) => void;
}

const KEPT = 50;
const TOGETHER_MS = 250;
const TRY_AGAIN_MS = 15_000;
const PLACE_KEY = "aerogrid.news";
const SOUND_KEY = "aerogrid.sound";

export class News {
  items: NewsItem[] = [];
  unread = 0;
  sound = localStorage.getItem(SOUND_KEY) === "on";
  private source: EventSource | null = null;
  private who = "";
  private changing = 0;
  private retry = 0;

  constructor(private readonly listener: Listener) {}

  /** Listen as somebody: each goes on where they left off in this browser. */
  listen(who: string): void {
    this.stop();
    this.who = who;
    const known = localStorage.getItem(`${PLACE_KEY}.${who}`);
    this.source = new EventSource(known ? `/api/events?after=${encodeURIComponent(known)}` : "/api/events");
    this.source.addEventListener("hello", (event) => this.keep(event));
    this.source.addEventListener("case", (event) => this.heardOfCase(event));
    this.source.addEventListener("alert", (event) => this.heard(event, alertItem(event.lastEventId, event.data)));
    this.source.addEventListener("error", () => {
      this.listener.broken();
      if (this.source?.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
      this.retry = window.setTimeout(() => this.listen(who), TRY_AGAIN_MS);
    });
  }

  stop(): void {
    window.clearTimeout(this.retry);
    this.source?.close();
    this.source = null;
  }

  forget(): void {
    this.stop();
    this.items = [];
    this.unread = 0;
  }

  read(): void {
    this.unread = 0;
  }

  useSound(on: boolean): void {
    this.sound = on;
    localStorage.setItem(SOUND_KEY, on ? "on" : "off");
    if (on) chime();
  }

  private heardOfCase(event: MessageEvent<string>): void {
    const news = JSON.parse(event.data) as CaseNews;
    this.listener.about(news.no);
    this.heard(event, this.listener.wants(news) ? caseItem(event.lastEventId, news) : null);
  }

  private heard(event: MessageEvent<string>, item: NewsItem | null): void {
    this.keep(event);
    if (item) {
      this.items = [item, ...this.items].slice(0, KEPT);
      this.unread += 1;
      if (this.sound && (item.urgent || item.alert)) chime();
      this.listener.arrived(item);
    }
    window.clearTimeout(this.changing);
    this.changing = window.setTimeout(() => this.listener.changed(), TOGETHER_MS);
  }

  private keep(event: MessageEvent<string>): void {
    localStorage.setItem(`${PLACE_KEY}.${this.who}`, event.lastEventId);
  }
}

function caseItem(id: string, news: CaseNews): NewsItem {
  const { at, no, category, action, reason } = news;
  const place = [news.town, news.village].filter(Boolean).join(" ") || news.cell_code;
  return { id, at, no, category, place, urgent: news.urgency === 1, alert: null, action, reason };
}

function alertItem(id: string, data: string): NewsItem | null {
  const { at, cases, category, cell, event_label } = JSON.parse(data) as AlertNews;
  const no = cases[0];
  return no ? { id, at, no, category, place: cell, urgent: false, alert: event_label, action: "", reason: "" } : null;
}

/** Two short notes; browsers play them once the person has used the page. */
function chime(): void {
  const audio = new AudioContext();
  for (const [at, pitch] of [[0, 660], [0.18, 880]] as const) {
    const note = audio.createOscillator();
    const volume = audio.createGain();
    note.frequency.value = pitch;
    volume.gain.setValueAtTime(0.12, audio.currentTime + at);
    volume.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + at + 0.16);
    note.connect(volume).connect(audio.destination);
    note.start(audio.currentTime + at);
    note.stop(audio.currentTime + at + 0.17);
  }
  window.setTimeout(() => void audio.close(), 1000);
}
