// Who is at the page, by which name and in which role they act.

import { api, ApiError } from "./api";
import { firstStageOf, rememberInspector, type Pane } from "./state";
import type { ReviewStore } from "./store";

const ROLE_KEY = "aerogrid.role";
const REVIEWERS = ["inspector", "administrator"];

export class Presence {
  /** What goes on once it is known who is there. */
  private waiting: (() => void) | null = null;

  constructor(private readonly store: ReviewStore) {}

  /** The role that somebody acted in here before, if it is still theirs. */
  roleOf(roles: string[]): string {
    const kept = localStorage.getItem(ROLE_KEY) ?? "";
    return roles.includes(kept) ? kept : (roles[0] ?? "");
  }

  /** What the way back from an OpenID provider has brought. */
  refusedElsewhere(): string {
    const { t } = this.store.state.words;
    const outcome = new URLSearchParams(location.search).get("sign-in");
    if (!outcome) return "";
    history.replaceState(null, "", location.pathname + location.hash);
    return outcome === "away" ? t.singleSignOnAway : t.singleSignOnRefused;
  }

  async signIn(name: string, password: string): Promise<void> {
    try {
      const session = await api.signIn(name, password);
      this.store.set({ signInProblem: "" });
      await this.store.guard(() => this.store.enter(session));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.store.set({ signInProblem: this.store.state.words.refusal(error) });
    }
  }

  async signOut(): Promise<void> {
    if (this.store.refuseWhileDrawing()) return this.store.set({ dialog: null });
    this.store.claims.keepOnly();
    await this.store.attempt(async () => {
      await api.signOut();
      this.store.leave("");
    });
  }

  /** Act in another role of the account. */
  actAs(role: string): void {
    if (this.store.refuseWhileDrawing()) return this.store.set({ dialog: null });
    localStorage.setItem(ROLE_KEY, role);
    this.store.opened.clear();
    const { detail, no } = this.store.state;
    this.store.set({ role, dialog: null, detail: detail && { ...detail, allowed: [] } });
    void this.store.filter({ stage: firstStageOf(role) }, no);
  }

  /** Where a case is looked at first on a phone: who judges it by its photo. */
  casePane(): Pane {
    return this.reviews() ? "photo" : "case";
  }

  /** The name that signs decisions here. */
  me(): string {
    return this.store.state.session?.person?.display_name ?? this.store.state.inspector;
  }

  signsIn(): boolean {
    return !!this.store.state.session?.asks_who;
  }

  /** Whether the person's role reviews cases. */
  reviews(role = this.store.state.role): boolean {
    return !role || REVIEWERS.includes(role);
  }

  rename(inspector: string): void {
    rememberInspector(inspector);
    const then = this.waiting;
    this.waiting = null;
    this.store.set({ inspector, dialog: null });
    if (then) then();
    else void this.store.holdOpen();
  }

  /** Whether it is known who decides; if not, asks, and goes on when it is. */
  named(then: () => void): boolean {
    if (this.me()) return true;
    this.waiting = then;
    this.store.set({ dialog: "name" });
    return false;
  }

  signature(): Record<string, string> {
    return this.signsIn() ? { role: this.store.state.role } : { actor: this.store.state.inspector };
  }

  isIn(): boolean {
    return !!this.store.state.session && (!this.signsIn() || !!this.store.state.session.person);
  }
}
