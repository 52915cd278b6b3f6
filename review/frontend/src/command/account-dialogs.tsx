// What is asked and told above the page of accounts.

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { ApiError } from "../api";
import { useWords } from "../i18n";
import { Sheet } from "../sheet";
import { accountApi, type AccountState, type Place } from "./account-api";
import type { AccountStrings } from "./account-words";

const ROLES = ["inspector", "command", "operator", "officer", "administrator"];
const SCOPES = ["read", "decide"];

/** What is told once. */
export interface Secret {
  kind: "password" | "token";
  title: string;
  text: string;
}

/** The towns of the district, each with its villages. */
export type Towns = Map<string, Set<string>>;

interface AskProps {
  t: AccountStrings;
  title: string;
  /** Why nothing can be sent as it is; empty where it can. */
  lacks?: (typed: FormData) => string;
  /** Gives what is told once, if anything is. */
  onSend: (typed: FormData) => Promise<Secret | null>;
  onDone: (secret: Secret | null) => void;
  onClose: () => void;
  children: ComponentChildren;
  send: string;
}

/** A form that says why when it was not taken. */
function Ask({ t, title, lacks, onSend, onDone, onClose, children, send }: AskProps) {
  const words = useWords();
  const [told, tell] = useState("");
  const [waiting, setWaiting] = useState(false);
  const submit = async (form: HTMLFormElement) => {
    const typed = new FormData(form);
    const lacking = lacks?.(typed) ?? "";
    if (lacking) return tell(lacking);
    setWaiting(true);
    try {
      onDone(await onSend(typed));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      tell(words.refusal(error));
      setWaiting(false);
    }
  };
  return (
    <Sheet title={title} onClose={onClose}>
      <form
        class="ask account-form"
        onSubmit={(event) => {
          event.preventDefault();
          void submit(event.currentTarget);
        }}
      >
        {children}
        <p class="warning" role="alert">
          {told}
        </p>
        <div class="account-buttons">
          <button type="button" onClick={onClose}>
            {t.cancel}
          </button>
          <button type="submit" class="primary" disabled={waiting}>
            {send}
          </button>
        </div>
      </form>
    </Sheet>
  );
}

interface ChoiceProps {
  name: string;
  legend: string;
  choices: [string, string][];
  chosen: string[];
}

function Choice({ name, legend, choices, chosen }: ChoiceProps) {
  return (
    <fieldset class="roles">
      <legend>{legend}</legend>
      {choices.map(([value, label]) => (
        <label key={value}>
          <input type="checkbox" name={name} value={value} defaultChecked={chosen.includes(value)} /> {label}
        </label>
      ))}
    </fieldset>
  );
}

interface PlaceProps {
  t: AccountStrings;
  towns: Towns;
  account: AccountState | null;
}

function PlaceFields({ t, towns, account }: PlaceProps) {
  const words = useWords();
  const [town, setTown] = useState(account?.town ?? "");
  const roles = ROLES.map((role): [string, string] => [role, words.role(role)]);
  return (
    <>
      <Choice name="roles" legend={t.roles} choices={roles} chosen={account?.roles ?? []} />
      <label>
        {t.town}
        <input name="town" type="text" list="towns-known" value={town} maxLength={80} onInput={(event) => setTown(event.currentTarget.value)} />
      </label>
      <label>
        {t.village}
        <input name="village" type="text" list="villages-known" defaultValue={account?.village ?? ""} maxLength={80} />
      </label>
      <datalist id="towns-known">
        {[...towns.keys()].map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      <datalist id="villages-known">
        {[...(towns.get(town) ?? [])].map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
    </>
  );
}

const textOf = (typed: FormData, name: string) => String(typed.get(name) ?? "").trim();

const placeOf = (typed: FormData): Place => ({
  roles: typed.getAll("roles").map(String),
  town: textOf(typed, "town"),
  village: textOf(typed, "village"),
});

interface FormProps {
  t: AccountStrings;
  onClose: () => void;
  onDone: (secret: Secret | null) => void;
}

export function AddAccount({ t, towns, onClose, onDone }: FormProps & { towns: Towns }) {
  const send = async (typed: FormData) => {
    const named = { name: textOf(typed, "name"), display_name: textOf(typed, "display_name") };
    const made = await accountApi.add({ ...placeOf(typed), ...named });
    return { kind: "password" as const, title: t.secretPassword(made.account.name), text: made.password };
  };
  return (
    <Ask t={t} title={t.add} send={t.save} onSend={send} onDone={onDone} onClose={onClose} lacks={(typed) => (typed.has("roles") ? "" : t.pickRole)}>
      <label>
        {t.signInName}
        <input name="name" type="text" required maxLength={40} pattern="[a-z0-9][a-z0-9._\-]*" title={t.signInNameHint} autocomplete="off" autocapitalize="none" spellcheck={false} />
        <small class="muted">{t.signInNameHint}</small>
      </label>
      <label>
        {t.displayName}
        <input name="display_name" type="text" required maxLength={80} autocomplete="off" />
        <small class="muted">{t.displayNameHint}</small>
      </label>
      <PlaceFields t={t} towns={towns} account={null} />
    </Ask>
  );
}

export function ChangeAccount({ t, towns, account, onClose, onDone }: FormProps & { towns: Towns; account: AccountState }) {
  const send = async (typed: FormData) => {
    await accountApi.change(account.name, placeOf(typed));
    return null;
  };
  return (
    <Ask t={t} title={t.changeOf(account.name)} send={t.save} onSend={send} onDone={onDone} onClose={onClose} lacks={(typed) => (typed.has("roles") ? "" : t.pickRole)}>
      <PlaceFields t={t} towns={towns} account={account} />
    </Ask>
  );
}

export function AddToken({ t, onClose, onDone }: FormProps) {
  const send = async (typed: FormData) => {
    const label = textOf(typed, "label");
    const made = await accountApi.addToken({ label, scopes: typed.getAll("scopes").map(String), days: Number(typed.get("days")) });
    return { kind: "token" as const, title: t.secretToken(label), text: made.token };
  };
  const scopes = SCOPES.map((scope): [string, string] => [scope, t.scopeNames[scope] ?? scope]);
  return (
    <Ask t={t} title={t.addToken} send={t.save} onSend={send} onDone={onDone} onClose={onClose} lacks={(typed) => (typed.has("scopes") ? "" : t.pickScope)}>
      <label>
        {t.label}
        <input name="label" type="text" required maxLength={80} autocomplete="off" />
        <small class="muted">{t.labelHint}</small>
      </label>
      <Choice name="scopes" legend={t.scopes} choices={scopes} chosen={["read"]} />
      <label>
        {t.days}
        <input name="days" type="number" required min={1} max={366} defaultValue="90" />
      </label>
    </Ask>
  );
}

interface SureProps extends FormProps {
  title: string;
  question: string;
  onYes: () => Promise<Secret | null>;
}

/** Asks before something that cannot be taken back, or that shuts somebody out. */
export function Sure({ t, title, question, onYes, onDone, onClose }: SureProps) {
  return (
    <Ask t={t} title={title} send={t.yes} onSend={onYes} onDone={onDone} onClose={onClose}>
      <p>{question}</p>
    </Ask>
  );
}

export function SecretSheet({ t, secret, onClose }: { t: AccountStrings; secret: Secret; onClose: () => void }) {
  const [copied, setCopied] = useState(false);
  return (
    <Sheet title={secret.title} onClose={onClose} stays>
      <code class="secret">{secret.text}</code>
      <p>{t.once[secret.kind]}</p>
      <div class="account-buttons">
        <span role="status">{copied ? t.copied : ""}</span>
        {navigator.clipboard ? (
          <button type="button" onClick={() => void navigator.clipboard.writeText(secret.text).then(() => setCopied(true))}>
            {t.copy}
          </button>
        ) : null}
      </div>
    </Sheet>
  );
}
