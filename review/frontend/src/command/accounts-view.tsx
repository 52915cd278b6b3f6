// Who may sign in, as what and where; the tokens of programs; who came in and who changed what.

import { useEffect, useState } from "preact/hooks";
import { api, ApiError } from "../api";
import { useWords, type Language, type Words } from "../i18n";
import type { Person } from "../types";
import { accountApi, type AccountState, type LogEntry, type TokenState } from "./account-api";
import { AddAccount, AddToken, ChangeAccount, SecretSheet, Sure, type Secret, type Towns } from "./account-dialogs";
import { accountStrings, type AccountStrings } from "./account-words";
import { Table } from "./table";
import type { CommandStrings } from "./words";

/** What is open above the page. */
type Opened =
  | { kind: "add" | "token" }
  | { kind: "change" | "password" | "lock"; account: AccountState }
  | { kind: "revoke"; token: TokenState }
  | { kind: "secret"; secret: Secret };

interface Read {
  person: Person | null;
  accounts: AccountState[];
  tokens: TokenState[];
  log: LogEntry[];
}

/** Who keeps all accounts; the server decides. */
const keeps = (person: Person | null) => !!person && person.roles.includes("administrator") && !person.town;

async function read(): Promise<Read> {
  const { person, asks_who } = await api.session();
  if (!asks_who) return { person, accounts: [], tokens: [], log: [] };
  const [tokens, accounts, log] = await Promise.all([
    accountApi.tokens(),
    keeps(person) ? accountApi.all() : [],
    keeps(person) ? accountApi.log() : [],
  ]);
  return { person, accounts, tokens, log };
}

/** What is known of the accounts, and why the last step or look at them failed. */
function useKnown() {
  const [known, setKnown] = useState<Read | null>(null);
  const [refusal, setRefusal] = useState<ApiError | null>(null);
  const taken = (found: Read) => {
    setKnown(found);
    setRefusal(null);
  };
  return { known, refusal, refused: setRefusal, refresh: () => void read().then(taken, setRefusal) };
}

/** Without them nothing is suggested; what is typed is taken all the same. */
function useTowns(): Towns {
  const [towns, setTowns] = useState<Towns>(new Map());
  useEffect(() => {
    const missed = (error: unknown) => {
      if (!(error instanceof ApiError)) throw error;
    };
    void api.layer("cells").then((layer) => setTowns(townsOf(layer)), missed);
  }, []);
  return towns;
}

export function AccountsView({ t: command, language }: { t: CommandStrings; language: Language }) {
  const t = accountStrings[language];
  const words = useWords();
  const { known, refusal, refused, refresh } = useKnown();
  const towns = useTowns();
  const [opened, open] = useState<Opened | null>(null);
  useEffect(refresh, []);
  const again = (
    <button type="button" onClick={refresh}>
      {t.again}
    </button>
  );
  if (!known && refusal) return <p class="empty" role="alert">{words.refusal(refusal)} {again}</p>;
  if (!known) return <p class="empty">{command.loading}</p>;
  if (!known.person) return <p class="empty">{t.noAccounts}</p>;
  const unlock = (name: string) => void accountApi.unlock(name).then(refresh, refused);
  return (
    <div class="figures-view accounts-view">
      <h2>{keeps(known.person) ? t.accountsAndTokens : t.tokens}</h2>
      {refusal ? <p class="warning" role="alert">{words.refusal(refusal)} {again}</p> : null}
      <div class="boards wide">
        {keeps(known.person) ? <Accounts t={t} known={known} open={open} unlock={unlock} /> : null}
        <Tokens t={t} known={known} open={open} />
        {keeps(known.person) ? <Log t={t} entries={known.log} /> : null}
      </div>
      {opened ? <Above t={t} opened={opened} towns={towns} open={open} refresh={refresh} /> : null}
    </div>
  );
}

function townsOf(layer: object): Towns {
  const { features } = layer as { features: { properties: { town: string; village: string } }[] };
  const towns: Towns = new Map();
  for (const { properties } of features) {
    if (!properties.town) continue;
    const villages = towns.get(properties.town) ?? new Set();
    if (properties.village) villages.add(properties.village);
    towns.set(properties.town, villages);
  }
  return towns;
}

interface BoardProps {
  t: AccountStrings;
  known: Read;
  open: (opened: Opened) => void;
}

function Accounts({ t, known, open, unlock }: BoardProps & { unlock: (name: string) => void }) {
  const words = useWords();
  const rows = known.accounts.map((account) => {
    const roles = account.roles.map((role) => words.role(role)).join(t.comma);
    const state = account.is_active ? <span class="whole">{t.active}</span> : <strong class="warning whole">{t.locked}</strong>;
    const steps =
      account.name === known.person?.name ? (
        <span class="muted">{t.you}</span>
      ) : (
        <span class="account-steps">
          <button type="button" onClick={() => open({ kind: "change", account })}>
            {t.change}<span class="hidden-label"> {account.name}</span>
          </button>
          <button type="button" onClick={() => open({ kind: "password", account })}>
            {t.newPassword}<span class="hidden-label"> {account.name}</span>
          </button>
          <button type="button" onClick={() => (account.is_active ? open({ kind: "lock", account }) : unlock(account.name))}>
            {account.is_active ? t.lock : t.unlock}<span class="hidden-label"> {account.name}</span>
          </button>
        </span>
      );
    return { key: account.name, cells: [account.name, account.display_name, roles, areaOf(t, account), state, steps] };
  });
  const columns = [t.signInName, t.displayName, t.roles, t.area, t.state, t.steps];
  return (
    <section class="board">
      <div class="board-head">
        <h3>{t.accounts}</h3>
        <button type="button" onClick={() => open({ kind: "add" })}>
          {t.add}
        </button>
      </div>
      <p class="muted">{t.ownHint}</p>
      <Table title={t.accounts} columns={columns} rows={rows} empty="" />
    </section>
  );
}

/** A line may end between town and village, not within either. */
function areaOf(t: AccountStrings, { town, village }: AccountState) {
  if (!town) return t.wholeDistrict;
  return (
    <span>
      <span class="whole">{town}</span>
      {village ? <> · <span class="whole">{village}</span></> : null}
    </span>
  );
}

function Tokens({ t, known, open }: BoardProps) {
  const words = useWords();
  const rows = known.tokens.map((token) => {
    const scopes = token.scopes.map((scope) => t.scopeNames[scope] ?? scope).join(t.comma);
    const until = Date.parse(token.ends_at) > Date.now() ? words.time(token.ends_at) : t.ended;
    const revoke = (
      <button type="button" onClick={() => open({ kind: "revoke", token })}>
        {t.revoke}<span class="hidden-label"> {token.label}</span>
      </button>
    );
    return { key: token.token_id, cells: [token.label, token.account, scopes, until, <code>{token.token_id}</code>, revoke] };
  });
  return (
    <section class="board">
      <div class="board-head">
        <h3>{t.tokens}</h3>
        <button type="button" onClick={() => open({ kind: "token" })}>
          {t.addToken}
        </button>
      </div>
      <p class="muted">
        {t.tokensHint} {keeps(known.person) ? t.tokensOfAll : ""}
      </p>
      <Table title={t.tokens} columns={[t.label, t.owner, t.scopes, t.until, "ID", t.steps]} rows={rows} empty={t.noTokens} />
    </section>
  );
}

/** What a change is about, in the reader's words: the log holds it in English; names stay as they are. */
function partsOf(t: AccountStrings, words: Words, kind: string, parts: string[]): string[] {
  const [first = "", second = "", third = ""] = parts;
  const rest = (from: number) => parts.slice(from).join(", ");
  const each = (text: string, word: (name: string) => string) => text.split(" ").map(word).join(" ");
  switch (kind) {
    case "account made":
    case "account changed":
      return [first, each(second, (role) => words.role(role)), rest(2) === "whole district" ? t.wholeDistrict : rest(2)];
    case "token made":
      return [first, second, each(third, (scope) => t.scopeNames[scope] ?? scope), rest(3)];
    case "token revoked":
      return [first, second, rest(2)];
    default:
      return [rest(0)];
  }
}

function toldOf(t: AccountStrings, words: Words, outcome: string): string {
  const [, kind = outcome, of = ""] = outcome.match(/^(.+?): (.+)$/s) ?? [];
  const told = partsOf(t, words, kind, of.split(", ")).filter(Boolean).join(t.comma);
  return [t.outcomes[kind] ?? kind, told].filter(Boolean).join(t.colon);
}

function Log({ t, entries }: { t: AccountStrings; entries: LogEntry[] }) {
  const words = useWords();
  const rows = entries.map((entry, at) => {
    const told = toldOf(t, words, entry.outcome);
    return { key: `${entry.at}-${at}`, cells: [words.time(entry.at), entry.name || "–", told, entry.address] };
  });
  return (
    <section class="board">
      <h3>{t.log}</h3>
      <p class="muted">{t.logHint}</p>
      <Table title={t.log} columns={[t.at, t.owner, t.what, t.from]} rows={rows} empty={t.noLog} />
    </section>
  );
}

interface AboveProps {
  t: AccountStrings;
  opened: Opened;
  towns: Towns;
  open: (opened: Opened | null) => void;
  refresh: () => void;
}

function Above({ t, opened, towns, open, refresh }: AboveProps) {
  const form = {
    t,
    onClose: () => open(null),
    onDone: (secret: Secret | null) => {
      refresh();
      open(secret ? { kind: "secret", secret } : null);
    },
  };
  switch (opened.kind) {
    case "add":
      return <AddAccount {...form} towns={towns} />;
    case "token":
      return <AddToken {...form} />;
    case "change":
      return <ChangeAccount {...form} towns={towns} account={opened.account} />;
    case "secret":
      return <SecretSheet {...form} secret={opened.secret} />;
    case "password": {
      const { name } = opened.account;
      const reset = async () => ({ kind: "password" as const, title: t.secretPassword(name), text: (await accountApi.resetPassword(name)).password });
      return <Sure {...form} title={t.newPassword} question={t.passwordAsk(name)} onYes={reset} />;
    }
    case "lock": {
      const { name } = opened.account;
      const lock = () => accountApi.lock(name).then(() => null);
      return <Sure {...form} title={t.lock} question={t.lockAsk(name)} onYes={lock} />;
    }
    case "revoke": {
      const { token_id, label } = opened.token;
      return <Sure {...form} title={t.revoke} question={t.revokeAsk(label)} onYes={() => accountApi.revokeToken(token_id)} />;
    }
  }
}
