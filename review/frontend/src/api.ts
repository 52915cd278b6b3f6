// Requests to our own server; every failure becomes an ApiError with the server's words.

import { inTurn } from "./in-turn";
import type {
  CaseDetail,
  CasePage,
  Claim,
  DecidedTogether,
  Decision,
  EarlierPhoto,
  CaseItem,
  HistoryEvent,
  Merged,
  OutlineName,
  Problem,
  Ring,
  Session,
  Summary,
  Vocabulary,
} from "./types";

/** Why there is no answer; `Words.refusal` says it in the reader's language. */
export class ApiError extends Error {
  constructor(
    /** 0: the server does not answer. */
    readonly status: number,
    message = "",
    readonly problem: Problem | null = null,
  ) {
    super(message);
  }
}

/** What follows when nothing answers; who watches over it sets it. */
export const reach = { lost: (): void => undefined };

/** What a proxy answers while the server behind it does not. */
const NOBODY_THERE: ReadonlySet<number> = new Set([502, 504]);

function unanswered(): never {
  reach.lost();
  throw new ApiError(0);
}

/** A whole answer, read in whatever way. */
export async function answer<T>(path: string, read: (found: Response) => Promise<T>, init?: RequestInit): Promise<T> {
  const response = await fetch(path, init).catch(unanswered);
  if (NOBODY_THERE.has(response.status)) reach.lost();
  if (response.ok) return read(response).catch(unanswered);
  const problem = (await response.json().catch(() => null)) as Problem | null;
  throw new ApiError(response.status, problem?.detail ?? `${response.status} ${response.statusText}`, problem);
}

export function request<T>(path: string, init?: RequestInit): Promise<T> {
  const read = async (found: Response) => (found.status === 204 ? null : await found.json()) as T;
  return answer(path, read, { ...init, headers: { ...init?.headers, Accept: "application/json" } });
}

function postPhoto<T>(path: string, photo: Blob): Promise<T> {
  return request<T>(path, { method: "POST", headers: { "Content-Type": "image/jpeg" }, body: photo });
}

export function post<T>(path: string, body: object, keepalive = false): Promise<T> {
  const headers = { "Content-Type": "application/json" };
  return request<T>(path, { method: "POST", headers, body: JSON.stringify(body), keepalive });
}

const PAGE = 100;
const MOST = 500;

/** What an officer has in hand; the other choices are one stage. */
export const IN_HAND = "in_hand";

/** What waits for command: to be verified, then to be sent out. */
export const FOR_COMMAND = "for_command";

const STAGES_OF: Record<string, string[]> = { [IN_HAND]: ["assigned", "handling"], [FOR_COMMAND]: ["fed_back", "established"] };

/** The stages that a choice means; none for all. */
export const stagesOf = (choice: string): string[] => STAGES_OF[choice] ?? (choice ? [choice] : []);

export type Order = "urgency" | "oldest" | "newest";

export interface Filters {
  stage: string;
  category: string;
  /** Its code. */
  cell: string;
  order: Order;
}

interface Signed {
  /** Left out by who has signed in. */
  actor?: string;
  role?: string;
}

export interface DecisionBody extends Signed {
  decision: Decision;
  version: number;
  reason?: string;
  note?: string;
}

export interface TogetherBody extends Omit<DecisionBody, "version"> {
  cases: { no: string; version: number }[];
}

export interface DrawnBody {
  patrol_id: string;
  photo_id: string;
  corners: Ring;
  actor?: string;
  role?: string;
}

export interface NextChoice {
  actor?: string;
  stage: string;
  category?: string;
  cell?: string;
  order: Order;
  /** The case that is passed over. */
  after?: string;
}

const caseUrl = (no: string) => `/api/cases/${encodeURIComponent(no)}`;
const photoPath = (photoId: string) => photoId.split("/").map(encodeURIComponent).join("/");

function casesOf(stages: string[], filters: Filters, after: string | null, most: number): Promise<CasePage> {
  const query = new URLSearchParams({ limit: String(most) });
  for (const stage of stages) query.append("stage", stage);
  if (filters.category) query.set("category", filters.category);
  if (filters.cell) query.set("cell", filters.cell);
  if (filters.order !== "urgency") query.set("order", filters.order);
  if (after) query.set("after", after);
  return request<CasePage>(`/api/cases?${query}`);
}

export const api = {
  vocabulary: () => request<Vocabulary>("/api/vocabulary"),
  health: () => request<object>("/api/health"),
  summary: () => request<Summary>("/api/summary"),
  layer: (name: string) => request<object>(`/api/layers/${name}.geojson`),
  session: () => request<Session>("/api/session"),
  signIn: (name: string, password: string) => post<Session>("/api/session", { name, password }),
  changePassword: (old: string, password: string) => post<Session>("/api/session/password", { old, new: password }),
  signOut: () => post<null>("/api/session/end", {}),
  renewSession: () => post<null>("/api/session/renew", {}),

  case: (no: string, role?: string) => request<CaseDetail>(role ? `${caseUrl(no)}?role=${role}` : caseUrl(no)),
  history: (no: string) => request<{ items: HistoryEvent[] }>(`${caseUrl(no)}/history`),

  cases(filters: Filters, after: string | null, atLeast = 0): Promise<CasePage> {
    const most = Math.min(Math.max(PAGE, atLeast), MOST);
    const stages = stagesOf(filters.stage);
    if (filters.stage !== FOR_COMMAND) return casesOf(stages, filters, after, most);
    return inTurn(stages, after, (stage, from, limit = most) => casesOf([stage], filters, from, limit));
  },

  decide: (no: string, body: DecisionBody) => post<CaseDetail>(`${caseUrl(no)}/decision`, body, true),

  decideTogether: (body: TogetherBody) => post<DecidedTogether>("/api/decisions", body),

  before: (no: string, photo: PhotoName) => request<EarlierPhoto | null>(`${caseUrl(no)}/before?${photoQuery(photo)}`),

  correct: (no: string, body: DrawnBody & { index: number; version: number }) =>
    post<CaseDetail>(`${caseUrl(no)}/outline`, body),
  attach: (no: string, photo: Blob, signature: Record<string, string>) =>
    postPhoto<CaseDetail>(`${caseUrl(no)}/photos?${new URLSearchParams(signature)}`, photo),
  draw: (body: DrawnBody & { class_name: string }) => post<CaseDetail>("/api/drawings", body),

  snooze: (no: string, body: Signed & { version: number; days: number; radius_m: number; reason: string }) =>
    post<DecidedTogether>(`${caseUrl(no)}/snooze`, body),
  unsure: (no: string, body: Signed & { version: number }) => post<CaseDetail>(`${caseUrl(no)}/unsure`, body),
  reclassify: (no: string, body: Signed & { version: number; class_name: string }) =>
    post<CaseDetail>(`${caseUrl(no)}/class`, body),
  near: (no: string) => request<{ items: CaseItem[] }>(`${caseUrl(no)}/near`),
  merge: (no: string, body: Signed & { version: number; other: string; other_version: number }) =>
    post<Merged>(`${caseUrl(no)}/merge`, body),
  split: (no: string, body: Signed & { version: number; outlines: OutlineName[] }) =>
    post<CaseDetail>(`${caseUrl(no)}/split`, body),

  claim: (no: string, actor: string | undefined) => post<Claim>(`${caseUrl(no)}/claim`, { actor }),
  release: (no: string, actor: string | undefined) => post<null>(`${caseUrl(no)}/release`, { actor }, true),
  claimNext: (choice: NextChoice) => post<Claim | null>("/api/claims/next", choice),
};

interface PhotoName {
  photo_id: string;
  patrol_id: string;
}

const photoQuery = ({ photo_id, patrol_id }: PhotoName) => new URLSearchParams({ patrol: patrol_id, photo: photo_id });

/** What `before` tells of, laid over the photo. */
export const beforeUrl = (no: string, photo: PhotoName, max: number) =>
  `${caseUrl(no)}/before.jpg?${photoQuery(photo)}&max=${max}`;

export const placePhotoUrl = (no: string, sha256: string) => `${caseUrl(no)}/photos/${sha256}.jpg`;

export const wayUrl = (no: string) => `${caseUrl(no)}/way.svg`;

export const cropUrl = (no: string) => `${caseUrl(no)}/crop.jpg`;

/** Longest side of the picture of a photo that is shown first. */
export const OVERVIEW_PX = 1600;

export function photoUrl(photo: { photo_id: string; patrol_id: string }, max?: number): string {
  const query = new URLSearchParams({ patrol: photo.patrol_id });
  if (max) query.set("max", String(max));
  return `/api/photos/${photoPath(photo.photo_id)}.jpg?${query}`;
}
