"""EDGE: what filing did with a patrol, remembered in its folder, and whether that still holds."""

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cases.categories import Words
from cases.database import path_of
from cases.model import FilingResult, Findings, Head, PatrolRecord
from cases.registry import Registry
from pipeline.errors import PipelineError
from pipeline.settings import Filing, Settings, explain
from pipeline.workspace import Workspace, read_json, require, write_json
from vision.observations import (
    observations_digest,
    observations_source,
    read_observations,
    source_digest,
)


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True)

    entry: int = Field(ge=0)
    hash: str


class _Reason(BaseModel):
    model_config = ConfigDict(frozen=True)

    en: str
    zh: str


class _Unfiled(BaseModel):
    model_config = ConfigDict(frozen=True)

    class_name: str = Field(alias="class")
    why: tuple[_Reason, ...]

    def words(self) -> Words:
        """Join the reasons."""
        return Words("; ".join(one.en for one in self.why), "；".join(one.zh for one in self.why))


class FilingRecord(BaseModel):
    """What `file` did.

    Attributes:
        head: the registry's last entry after it; None where the registry told none.
        not_filed: observations of which no rule made a case, with the reasons.
        observations: digest of the observations that were filed.
        by: the settings it went by: registry, rules, categories.
    """

    model_config = ConfigDict(frozen=True)

    patrol_id: str = Field(min_length=1)
    new: tuple[str, ...]
    same: tuple[str, ...]
    gone: tuple[str, ...]
    withdrawn: tuple[str, ...]
    head: _Entry | None
    not_filed: tuple[_Unfiled, ...]
    observations: str
    by: Filing

    def rejected(self) -> list[tuple[str, Words]]:
        """List class and reasons of each observation that made no case."""
        return [(item.class_name, item.words()) for item in self.not_filed]

    def result(self, source: str) -> FilingResult:
        """Give what the registry answered; `source` says where it was kept."""
        head = Head(self.head.entry, self.head.hash, source) if self.head else None
        lists = (self.new, self.same, self.gone, self.withdrawn)
        return FilingResult(*lists, already_filed=True, head=head)


def write_filing(
    workspace: Workspace,
    patrol: PatrolRecord,
    findings: Findings,
    result: FilingResult,
    *,
    observations: str,
    by: Filing,
) -> None:
    """Remember what filing did with each observation, and why."""
    write_json(
        workspace.filing,
        {
            "patrol_id": patrol.patrol_id,
            **result.lists(),
            "cooling": dict(result.cooling),
            "snoozed": dict(result.snoozed),
            "outcomes": dict(result.outcomes),
            "head": {"entry": result.head.seq, "hash": result.head.hash} if result.head else None,
            "observations": observations,
            "by": by.model_dump(mode="json"),
            "filed": [
                {
                    "observations": list(item.observation_ids),
                    "category": item.category.code,
                    "rule": item.rule_id,
                    "why": _plain(item.why),
                }
                for item in findings.proposals
            ],
            "not_filed": [
                {
                    "observation": item.observation_id,
                    "class": item.class_name,
                    "score": round(item.score, 4),
                    "why": _plain(item.why),
                }
                for item in findings.rejected
            ],
        },
    )


def _plain(why: tuple[Words, ...]) -> list[dict[str, str]]:
    return [{"en": words.en, "zh": words.zh} for words in why]


def read_filing(workspace: Workspace) -> FilingRecord:
    """Recall what filing did; a damaged file is refused by name."""
    told = read_json(require(workspace.filing, "file"))
    try:
        return FilingRecord.model_validate(told)
    except ValidationError as error:
        raise PipelineError(
            f"{workspace.filing}: is not what `aerogrid file` writes ({explain(error)}). Run it "
            "again."
        ) from error


def head_of(workspace: Workspace) -> Head | None:
    """Recall the registry's last entry when the patrol was filed; None where nobody kept it."""
    return read_filing(workspace).result(str(workspace.filing)).head


def settings_as_filed(workspace: Workspace, settings: Settings) -> Settings:
    """Take registry, rules and categories from the filing, once there is one."""
    if not workspace.filing.exists():
        return settings
    return settings.model_copy(update={"filing": read_filing(workspace).by})


def with_registry_as_filed(workspace: Workspace, settings: Settings) -> Settings:
    """Take the registry alone from the filing, so that filing again speaks of the same cases."""
    before = filed_by(workspace)
    if before is None:
        return settings
    filing = settings.filing.model_copy(update={"registry": before.registry})
    return settings.model_copy(update={"filing": filing})


def filed_by(workspace: Workspace) -> Filing | None:
    """Settings that the patrol was filed by; None where nothing tells, as filing again mends."""
    try:
        return read_filing(workspace).by
    except PipelineError:
        return None


def refuse_lost_registry(workspace: Workspace) -> None:
    """Refuse a filed patrol whose registry is gone, rather than make an empty one in its place."""
    where = read_filing(workspace).by.registry or workspace.registry
    path = path_of(where)
    if path is not None and not path.exists():
        raise PipelineError(
            f"{path}: the case registry that {workspace.filing} speaks of is gone. Put it back, or "
            "bring a backup back with `aerogrid restore`; `aerogrid file` begins a new one."
        )


def refuse_stale_observations(workspace: Workspace) -> None:
    """Refuse observations that were made from other frames or detections than there are now."""
    made_from = observations_source(require(workspace.observations, "locate"))
    if made_from != source_digest(workspace.frames, workspace.detections):
        raise PipelineError(
            f"{workspace.observations}: was made from other photos or detections than there are "
            "now. Run `aerogrid locate` again."
        )


def refuse_stale_filing(workspace: Workspace) -> None:
    """Refuse a filing of other observations than there are now, of stale ones, or a replaced one.

    The same flight may have been filed into the same registry by another folder since.
    """
    refuse_stale_observations(workspace)
    refuse_lost_registry(workspace)
    record = read_filing(workspace)
    if record.observations != observations_digest(read_observations(workspace.observations)):
        raise PipelineError(
            f"{workspace.filing}: is of other observations than there are now. Run `aerogrid file` "
            "again."
        )
    with Registry.open(record.by.registry or workspace.registry) as registry:
        last = registry.head_of_filing(record.patrol_id)
    if record.head is not None and (last is None or last.hash != record.head.hash):
        what = "is not in the registry" if last is None else "was filed anew by another folder"
        raise PipelineError(
            f"{workspace.filing}: patrol {record.patrol_id} {what} since. Run `aerogrid file` "
            "again to file what this folder holds."
        )
