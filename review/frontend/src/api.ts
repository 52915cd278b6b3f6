// Requests to our own server; every failure becomes an ApiError with the server's words.

import type {
  CaseDetail,
  CasePage,
  Decision,
  HistoryEvent,
  Problem,
  Summary,
  Vocabulary,
} from "./types";

export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

async function request<T>(path: string, init?: RequestInit): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, { ...init, headers: { ...init?.headers, Accept: "application/json" } });
  } catch {
    throw new ApiError(0, "");
  }
  if (response.ok) return (await response.json()) as T;
  const problem = (await response.json().catch(() => null)) as Problem | null;
  throw new ApiError(response.status, problem?.detail ?? `${response.status} ${response.statusText}`);
}

const PAGE = 100;
const MOST = 500;

export interface Filters {
  stage: string;
  category: string;
}

const caseUrl = (no: string) => `/api/cases/${encodeURIComponent(no)}`;
const photoPath = (photoId: string) => photoId.split("/").map(encodeURIComponent).join("/");

export const api = {
  vocabulary: () => request<Vocabulary>("/api/vocabulary"),
  summary: () => request<Summary>("/api/summary"),
  layer: (name: string) => request<object>(`/api/layers/${name}.geojson`),
  case: (no: string) => request<CaseDetail>(caseUrl(no)),
  history: (no: string) => request<{ items: HistoryEvent[] }>(`${caseUrl(no)}/history`),

  cases(filters: Filters, after: string | null, atLeast = 0): Promise<CasePage> {
    const query = new URLSearchParams({ limit: String(Math.min(Math.max(PAGE, atLeast), MOST)) });
    if (filters.stage) query.set("stage", filters.stage);
    if (filters.category) query.set("category", filters.category);
    if (after) query.set("after", after);
    return request<CasePage>(`/api/cases?${query}`);
  },

  decide(no: string, body: { decision: Decision; version: number; actor: string; reason?: string; note?: string }) {
    return request<CaseDetail>(`${caseUrl(no)}/decision`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
  },
};

export const cropUrl = (no: string) => `${caseUrl(no)}/crop.jpg`;

export function photoUrl(photo: { photo_id: string; patrol_id: string }, max?: number): string {
  const query = new URLSearchParams({ patrol: photo.patrol_id });
  if (max) query.set("max", String(max));
  return `/api/photos/${photoPath(photo.photo_id)}.jpg?${query}`;
}
