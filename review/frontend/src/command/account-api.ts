// What the page of accounts asks of the server.

import { post, request } from "../api";

export interface AccountState {
  name: string;
  display_name: string;
  roles: string[];
  /** Both are empty for the whole district. */
  town: string;
  village: string;
  is_active: boolean;
}

/** A password is told this once. */
export interface NewPassword {
  account: AccountState;
  password: string;
}

export interface TokenState {
  token_id: string;
  account: string;
  label: string;
  scopes: string[];
  ends_at: string;
}

/** The token itself is told this once. */
export interface NewToken {
  token: string;
}

export interface LogEntry {
  at: string;
  name: string;
  address: string;
  outcome: string;
}

export interface Place {
  roles: string[];
  town: string;
  village: string;
}

const urlOf = (name: string) => `/api/accounts/${encodeURIComponent(name)}`;

export const accountApi = {
  all: () => request<AccountState[]>("/api/accounts"),
  log: () => request<LogEntry[]>("/api/account-log?limit=50"),
  add: (body: Place & { name: string; display_name: string }) => post<NewPassword>("/api/accounts", body),
  change: (name: string, body: Place) => post<AccountState>(`${urlOf(name)}/change`, body),
  resetPassword: (name: string) => post<NewPassword>(`${urlOf(name)}/password`, {}),
  lock: (name: string) => post<AccountState>(`${urlOf(name)}/lock`, {}),
  unlock: (name: string) => post<AccountState>(`${urlOf(name)}/unlock`, {}),
  tokens: () => request<TokenState[]>("/api/tokens"),
  addToken: (body: { label: string; scopes: string[]; days: number }) => post<NewToken>("/api/tokens", body),
  revokeToken: (id: string) => post<null>(`/api/tokens/${encodeURIComponent(id)}/revoke`, {}),
};
