"""The form that edits the draft of a solution: its fields, and the draft that they mean.

Entries have numbers in the order of the form: `config-2-title` holds the title of the third config slot.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, TypeAlias, TypeVar

from app.errors import Fault, UserError
from app.solutions.content.model import AuthSlot, ConfigSlot, ConfigType, Ddl, Screen, Trigger, Workflow
from app.solutions.releases.solutions import CustomField, Solution, SolutionDraft
from app.text import collapsed, is_blank, present, with_line_feeds

_Kind = TypeVar("_Kind", ConfigType, Trigger)

FormEntry: TypeAlias = dict[str, str]
"""The fields of an entry, by the part of their names after its number."""

LISTS: Final = {
    "field": "custom_fields",
    "auth": "auth_slots",
    "config": "config_slots",
    "workflow": "workflows",
    "screen": "screens",
}
"""The lists of a draft: the word that their fields begin with, and the name in the domain."""

_WORDS = {name: word for word, name in LISTS.items()}
_NEW: Final[Mapping[str, FormEntry]] = {
    "field": {},
    "auth": {"mandatory": "true"},
    "config": {"mandatory": "true", "type": ConfigType.STRING.value},
    "workflow": {"trigger": Trigger.MANUAL.value},
    "screen": {},
}
_HEAD = ("title", "description", "tags")
_OF_ENTRY = re.compile(rf"({'|'.join(LISTS)})-([0-9]{{1,4}})-([a-z_-]{{1,40}})", re.ASCII)
_ACTION = re.compile(rf"(add|up|down|remove)-({'|'.join(LISTS)})(?:-([0-9]{{1,4}}))?", re.ASCII)
_DDL = ("connector", "connector_version", "operation", "input", "auth_slot_external_id")
_LINES = {"scopes", "slots"}


@dataclass(frozen=True)
class DraftForm:
    """What the form holds: the fields of the solution, and the entries of each list."""

    head: Mapping[str, str]
    entries: Mapping[str, list[FormEntry]]

    @classmethod
    def of(cls, solution: Solution) -> DraftForm:
        """Return the form of a draft as it is stored."""
        head = {
            "title": solution.title,
            "description": solution.description or "",
            "tags": "\n".join(solution.tags),
        }
        draft = solution.draft
        return cls(
            head,
            {
                "field": [{"key": field.key, "value": field.value} for field in solution.custom_fields],
                "auth": [_of_auth_slot(slot) for slot in draft.auth_slots],
                "config": [_of_config_slot(slot) for slot in draft.config_slots],
                "workflow": [_of_workflow(workflow) for workflow in draft.workflows],
                "screen": [
                    {"title": screen.title, "text": screen.text, "slots": "\n".join(screen.slots)}
                    for screen in draft.screens
                ],
            },
        )

    @classmethod
    def sent(cls, fields: Mapping[str, str]) -> DraftForm:
        """Return the form as it was sent. Entries keep their order, and have numbers without gaps."""
        numbered: dict[str, dict[int, FormEntry]] = {word: {} for word in LISTS}
        for name, given in fields.items():
            if found := _OF_ENTRY.fullmatch(name):
                numbered[found[1]].setdefault(int(found[2]), {})[found[3]] = with_line_feeds(given)
        entries = {word: [by_number[number] for number in sorted(by_number)] for word, by_number in numbered.items()}
        return cls({name: with_line_feeds(fields.get(name, "")) for name in _HEAD}, entries)

    @property
    def values(self) -> dict[str, str]:
        """The form as fields, by name."""
        listed = {
            f"{word}-{number}-{part}": given
            for word, entries in self.entries.items()
            for number, entry in enumerate(entries)
            for part, given in entry.items()
        }
        return {**self.head, **listed}

    def after(self, action: str) -> DraftForm | None:
        """Return the form after an entry was added, moved or removed, or None if `action` names no such change."""
        found = _ACTION.fullmatch(action)
        if found is None:
            return None
        what, word = found[1], found[2]
        entries = list(self.entries[word])
        if what == "add":
            entries.append(dict(_NEW[word]))
            return replace(self, entries={**self.entries, word: entries})
        place = int(found[3] or 0)
        if found[3] is None or place >= len(entries):
            return self
        entry = entries.pop(place)
        if what != "remove":
            entries.insert(max(0, place - 1) if what == "up" else place + 1, entry)
        return replace(self, entries={**self.entries, word: entries})

    def draft(self, solution_id: str) -> SolutionDraft:
        """Return the draft that the form means."""
        return SolutionDraft(
            solution_id,
            present(self.head["title"]) or "",
            present(self.head["description"]) or "",
            _each_line(self.head["tags"]),
            tuple(CustomField(_token(each, "key"), each.get("value", "")) for each in self.entries["field"]),
            tuple(map(_auth_slot, self.entries["auth"])),
            tuple(map(_config_slot, self.entries["config"])),
            tuple(map(_workflow, self.entries["workflow"])),
            tuple(
                Screen(_text(each, "title"), _text(each, "text"), _each_line(each.get("slots", "")))
                for each in self.entries["screen"]
            ),
        )

    def named(self, error: UserError) -> UserError:
        """Return the error. A fault in one line of a field with a text on each line quotes the text of that line."""
        return UserError(*map(self._named, error.faults))

    def _named(self, fault: Fault) -> Fault:
        match fault.path:
            case ("tags", int(line)):
                texts = _each_line(self.head["tags"])
            case (str(name), int(number), str(part), int(line)) if name in _WORDS and part in _LINES:
                texts = _each_line(self.entries[_WORDS[name]][number].get(part, ""))
            case _:
                return fault
        return replace(fault, text=f'"{texts[line]}" {fault.text}') if line < len(texts) else fault


def field_of(fault: Fault) -> str:
    """Return the name of the field that a fault is about."""
    match fault.path:
        case (str(name), int(number), "ddl") if name in _WORDS:
            return f"{_WORDS[name]}-{number}-ddl-connector"
        case (str(name), int(number), *parts) if name in _WORDS:
            return "-".join([_WORDS[name], str(number), *(part for part in parts if isinstance(part, str))])
        case (str(name), *_):
            return name
        case _:
            return ""


def _of_auth_slot(slot: AuthSlot) -> FormEntry:
    return {
        "external_id": slot.external_id,
        "title": slot.title,
        "service": slot.service,
        "service_version": slot.service_version,
        "service_environment": slot.service_environment,
        "scopes": "\n".join(sorted(slot.scopes)),
        "authentication_id": slot.authentication_id or "",
        **_flags(slot.hidden, slot.mandatory),
    }


def _of_config_slot(slot: ConfigSlot) -> FormEntry:
    ddl = slot.ddl
    given = {} if ddl is None else {f"ddl-{part}": getattr(ddl, part) or "" for part in _DDL}
    return {
        "external_id": slot.external_id,
        "title": slot.title,
        "type": slot.type.value,
        "default_value": slot.default_value or "",
        **given,
        **_flags(slot.hidden, slot.mandatory),
    }


def _of_workflow(workflow: Workflow) -> FormEntry:
    return {
        "source_workflow_id": workflow.source_workflow_id,
        "source_workflow_name": workflow.name,
        "trigger": workflow.trigger.value,
        "schedule": workflow.schedule or "",
    }


def _flags(hidden: bool, mandatory: bool) -> FormEntry:
    return {name: "true" for name, holds in (("hidden", hidden), ("mandatory", mandatory)) if holds}


def _auth_slot(entry: FormEntry) -> AuthSlot:
    return AuthSlot(
        _token(entry, "external_id"),
        _text(entry, "title"),
        _token(entry, "service"),
        _token(entry, "service_version"),
        _token(entry, "service_environment"),
        frozenset(_each_line(entry.get("scopes", ""))),
        _token(entry, "authentication_id") or None,
        "hidden" in entry,
        "mandatory" in entry,
    )


def _config_slot(entry: FormEntry) -> ConfigSlot:
    given = {part: _token(entry, f"ddl-{part}") for part in _DDL}
    ddl = None
    if any(given.values()):
        ddl = Ddl(
            given["connector"],
            given["connector_version"],
            given["operation"],
            present(entry.get("ddl-input")),
            given["auth_slot_external_id"] or None,
        )
    return ConfigSlot(
        _token(entry, "external_id"),
        _text(entry, "title"),
        _member(ConfigType, entry.get("type"), ConfigType.STRING),
        present(entry.get("default_value")),
        "hidden" in entry,
        "mandatory" in entry,
        ddl,
    )


def _workflow(entry: FormEntry) -> Workflow:
    return Workflow(
        _token(entry, "source_workflow_id"),
        _text(entry, "source_workflow_name"),
        _member(Trigger, entry.get("trigger"), Trigger.MANUAL),
        _token(entry, "schedule") or None,
    )


def _member(kinds: type[_Kind], given: str | None, default: _Kind) -> _Kind:
    return kinds(given) if given in [each.value for each in kinds] else default


def _text(entry: FormEntry, part: str) -> str:
    """Return a text for people as it was typed, or an empty one for white space alone, as in SetSolution."""
    return present(entry.get(part)) or ""


def _token(entry: FormEntry, part: str) -> str:
    return collapsed(entry.get(part, ""))


def _each_line(text: str) -> tuple[str, ...]:
    return tuple(collapsed(line) for line in text.split("\n") if not is_blank(line))
