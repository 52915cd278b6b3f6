// The JSON of the API as the page reads it; review/presenters.py writes it.

export interface Label {
  en: string;
  zh: string;
}

export interface ClassInfo {
  name: string;
  label: Label;
  colour: string;
}

export interface CategoryInfo {
  code: string;
  name: Label;
  department: Label;
  time_limit: Label;
  urgency: number;
}

export interface Vocabulary {
  version: string;
  classes: ClassInfo[];
  categories: CategoryInfo[];
  stages: string[];
  reasons: string[];
  zones: string[];
  /** Of the district's clocks. */
  utc_offset_hours: number;
  /** Whether the district's grid cells were given. */
  has_cells: boolean;
}

export interface CaseItem {
  no: string;
  version: number;
  category: string;
  class_name: string;
  stage: string;
  urgency: number;
  /** Null where a person drew the object. */
  score: number | null;
  to_check: boolean;
  cell_code: string;
  cell_name: string;
  town: string;
  village: string;
  lon_deg: number;
  lat_deg: number;
  area_m2: number;
  first_seen: string;
  last_seen: string;
  gone_at: string | null;
  photo_count: number;
}

/** A case of a list of what is to be done. */
export interface ListedCase extends CaseItem {
  /** Null where no time limit runs. */
  due_at: string | null;
  is_overdue: boolean;
  claim: Claim | null;
  /** Who left it to others, while it waits. */
  unsure: string[];
  /** Why it has to be done anew, while that is being done; else empty. */
  sent_back: string;
}

export type Ring = [number, number][];

/** Outer ring, then holes, in pixels of the photo. */
export interface PhotoOutline {
  class_name: string;
  rings: Ring[];
}

export interface CasePhoto {
  photo_id: string;
  patrol_id: string;
  sha256: string;
  /** "ok"; "missing": no such file; "changed": the file is not the one that was judged. */
  state: "ok" | "missing" | "changed";
  width_px: number | null;
  height_px: number | null;
  taken_at: string | null;
  gsd_m: number | null;
  pose_source: string | null;
  outlines: PhotoOutline[];
  footprint: Geometry | null;
}

/** A photo of an earlier patrol that shows the ground of a case's photo. */
export interface EarlierPhoto {
  photo_id: string;
  patrol_id: string;
  taken_at: string | null;
}

export interface Geometry {
  type: string;
  coordinates: unknown;
}

/** Who works on a case, and until when. */
export interface Claim {
  no: string;
  who: string;
  until: string;
}

/** Town and village are empty for the whole district. */
export interface Person {
  name: string;
  display_name: string;
  roles: string[];
  town: string;
  village: string;
}

export interface Session {
  /** Whether people sign in here; if not, everybody signs by the name they give. */
  asks_who: boolean;
  person: Person | null;
  /** Whether an OpenID provider vouches for people, too. */
  single_sign_on: boolean;
}

export interface CaseDetail extends ListedCase {
  officer: string;
  sigma_m: number;
  outline: Geometry;
  doubt: Geometry;
  rule_id: string;
  rule_version: string;
  why: Label[];
  model_sha256: string;
  patrol_id: string;
  last_patrol_id: string;
  photos: CasePhoto[];
  allowed: string[];
}

export interface HistoryEvent {
  seq: number;
  at: string;
  actor: string;
  action: string;
  from_stage: string | null;
  to_stage: string | null;
  /** Of a change of class. */
  from_class: string | null;
  to_class: string | null;
  reason: string;
  patrol_id: string | null;
  /** Of a photo from the place. */
  photo_sha256: string | null;
  photo_taken_at: string | null;
  hash: string;
}

export interface Summary {
  total: number;
  to_review: number;
  urgent: number;
  counts: { stage: string; category: string; count: number }[];
}

export interface CasePage {
  items: ListedCase[];
  total: number;
  next: string | null;
}

export interface Refused {
  no: string;
  why: "unknown" | "held" | "changed" | "not_allowed" | "no_reason";
  detail: string;
}

/** One outline of a case; `index` among the case's in the photo. */
export interface OutlineName {
  patrol_id: string;
  photo_id: string;
  index: number;
}

export interface Merged {
  case: CaseDetail;
  other: CaseItem;
}

export interface DecidedTogether {
  decided: CaseItem[];
  refused: Refused[];
}

export type Decision = "confirm" | "reject" | "snooze" | "reopen" | "undo" | Step;

/** What follows a confirmed case: sent out, handled, verified. */
export type Step =
  | "wake"
  | "assign"
  | "start"
  | "feed_back"
  | "close"
  | "evaluate"
  | "resume"
  | "return"
  | "rework"
  | "suspend"
  | "supervise";

/** Why the server refused, and the facts that the words for it need. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  why?: Label[];
  known_case?: string;
  /** The case that stands in the way, which need not be the open one. */
  case_no?: string;
  /** The case that another was merged into. */
  into?: string;
  /** Who has the case, and until when. */
  who?: string;
  until?: string;
  name?: string;
  display_name?: string;
  /** The name that it reads as. */
  like?: string;
  place?: string;
  retry_after_s?: number;
}
