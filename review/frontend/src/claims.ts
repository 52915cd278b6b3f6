// Which cases this page holds, so that nobody else reviews them meanwhile; the server decides.

import { api, ApiError, type Filters } from "./api";
import type { Claim } from "./types";

/** A claim that runs out sooner is taken anew before it is relied on. */
const SOON_MS = 60_000;

export class Claims {
  private readonly held = new Map<string, Claim>();

  /** `actor` is the name that signs where nobody signs in. */
  constructor(private readonly actor: () => string | undefined) {}

  of(no: string): Claim | null {
    return this.held.get(no) ?? null;
  }

  /** Take a case, or hold one's own for longer; an ApiError 423 if somebody else has it. */
  async take(no: string): Promise<Claim> {
    const known = this.held.get(no);
    if (known && Date.parse(known.until) - Date.now() > SOON_MS) return known;
    return this.renew(no);
  }

  async renew(no: string): Promise<Claim> {
    return this.keep(await api.claim(no, this.actor()));
  }

  async renewAll(): Promise<void> {
    for (const no of [...this.held.keys()]) {
      await this.renew(no).catch((error) => this.lost(no, error));
    }
  }

  /** Take the next free case after one, else any that is free; null when all are taken. */
  async next(filters: Filters, after: string | null): Promise<Claim | null> {
    const { stage, category, cell, order } = filters;
    const choice = { actor: this.actor(), stage, category: category || undefined, cell: cell || undefined, order };
    const following = after ? await api.claimNext({ ...choice, after }) : null;
    const found = following ?? (await api.claimNext(choice));
    return found && this.keep(found);
  }

  /** A decision has ended the claim. */
  forget(no: string): void {
    this.held.delete(no);
  }

  /** Give all others back; that nobody else waits for them is worth no message. */
  keepOnly(...wanted: (string | null)[]): void {
    for (const no of [...this.held.keys()]) {
      if (wanted.includes(no)) continue;
      this.held.delete(no);
      api.release(no, this.actor()).catch(() => undefined); // else it runs out by itself
    }
  }

  private keep(claim: Claim): Claim {
    this.held.set(claim.no, claim);
    return claim;
  }

  private lost(no: string, error: unknown): void {
    if (error instanceof ApiError && error.status !== 0) this.held.delete(no);
  }
}
