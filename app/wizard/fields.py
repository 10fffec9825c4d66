"""The fields of a step: what a page shows for each slot, and what a form fills in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, TypeVar

from app.solutions.content.model import AuthSlot, ConfigSlot, ConfigType, NotJsonError, read_json, same_json
from app.solutions.people.authentications import Authentication
from app.solutions.texts import MOST_LABEL, MOST_NAME, text_faults
from app.solutions.wizard.configuring import Configuration
from app.solutions.wizard.sessions import FilledIn, NewAuthentication
from app.solutions.wizard.steps import ShownSlot, WizardStep
from app.solutions.wizard.texts_of_values import Choice, NotAValueError, is_of_slot, text_of, value_of
from app.text import with_line_feeds

NEW: Final = "new"
"""The choice of an account that does not exist yet. Ids of authentications are longer."""
PARTS: Final = ("name", "environment", "data")
_CONTROLS: Final = {
    ConfigType.STRING: "text",
    ConfigType.INTEGER: "integer",
    ConfigType.NUMBER: "number",
    ConfigType.BOOLEAN: "switch",
    ConfigType.OBJECT: "json",
    ConfigType.ARRAY: "json",
    ConfigType.DDL: "text",
}
_REQUIRED = "Fill in this field."
_CHOOSE = "Choose an entry of the list."
_STAYS = "This value cannot be removed here. Give another one."

_Value = TypeVar("_Value")
Choices = Callable[[ConfigSlot, FilledIn], list[Choice] | None]
"""Returns the entries of a drop-down list, or None if the list cannot be loaded."""


@dataclass(frozen=True)
class Entered:
    """What a form has filled in, and what is wrong, by the name of a field."""

    filled_in: FilledIn
    faults: Mapping[str, str] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What was typed in fields that have a fault."""


@dataclass(frozen=True)
class AccountChoice:
    """An authentication to choose."""

    authentication_id: str
    name: str
    environment: str


@dataclass(frozen=True)
class Field:
    """A field on a page. `number` makes the ids of its elements."""

    number: int
    place: ShownSlot
    control: str
    name: str
    text: str = field(default="", repr=False)
    choices: tuple[Choice, ...] = ()
    accounts: tuple[AccountChoice, ...] = ()
    new_name: str = ""
    new_environment: str = ""
    has_data: bool = False
    reason: str = ""
    reasons_of_new: Mapping[str, str] = field(default_factory=dict)
    """What is wrong with the parts of a new account: its `name`, `environment` and `data`."""
    hint: str = ""

    @property
    def is_required(self) -> bool:
        """Whether the slot must have a value."""
        return self.place.slot.needs_input

    @property
    def external_id(self) -> str:
        """The external id of the slot."""
        return self.place.slot.external_id


def name_of(place: ShownSlot) -> str:
    """Return the name of the field of a slot."""
    return f"{place.kind.value}:{place.slot.external_id}"


def shown_value(place: ShownSlot, filled_in: FilledIn) -> str | None:
    """Return the value that a field shows at first, as JSON: filled in before, held by the instance, or the default."""
    slot = place.slot
    if not isinstance(slot, ConfigSlot):
        return None
    given = filled_in.config.get(slot.external_id)
    held = None if place.held is None else place.held.value
    return next((value for value in (given, held, slot.default_value) if is_of_slot(slot, value)), None)


def chosen_account(place: ShownSlot, filled_in: FilledIn, fitting: list[Authentication]) -> str:
    """Return the authentication that is chosen, `NEW`, or an empty text."""
    name = place.slot.external_id
    if name in filled_in.new:
        return NEW
    held = None if place.held is None or place.held.authentication is None else place.held.authentication
    wanted = filled_in.chosen.get(name) or (None if held is None else held.authentication_id)
    known = {authentication.facts.authentication_id for authentication in fitting}
    if wanted in known:
        return wanted or ""
    return ""


def fields_of(
    step: WizardStep, configuration: Configuration, entered: Entered, choices: Choices, *, dialog: bool
) -> list[Field]:
    """Return the fields of a step. With `dialog`, new accounts are connected in a dialog of the host."""
    return [
        _field(number, place, configuration, entered, choices, dialog=dialog)
        for number, place in enumerate(step.places)
    ]


def _field(
    number: int, place: ShownSlot, configuration: Configuration, entered: Entered, choices: Choices, *, dialog: bool
) -> Field:
    name = name_of(place)
    reason = entered.faults.get(name, "")
    if isinstance(place.slot, AuthSlot):
        return _account_field(Field(number, place, "account", name, reason=reason), configuration, entered, dialog)
    text = entered.texts.get(name, text_of(place.slot, shown_value(place, entered.filled_in)))
    made = Field(number, place, _CONTROLS[place.slot.type], name, text=text, reason=reason)
    if place.slot.type is ConfigType.DDL:
        found = choices(place.slot, entered.filled_in)
        if found is not None:
            value = shown_value(place, entered.filled_in) or ""
            known = next((choice.value for choice in found if same_json(choice.value, value)), "")
            return replace(made, control="list", choices=tuple(found), text=known)
        return replace(made, hint="list")
    if place.slot.type is ConfigType.STRING and "\n" in text:
        return replace(made, control="long")
    return made


def _account_field(made: Field, configuration: Configuration, entered: Entered, dialog: bool) -> Field:
    fitting = configuration.fitting(made.place)
    accounts = tuple(
        AccountChoice(one.facts.authentication_id, one.name, one.facts.service_environment) for one in fitting
    )
    chosen = chosen_account(made.place, entered.filled_in, fitting)
    if not chosen and not dialog and not accounts and (made.is_required or made.reason):
        chosen = NEW
    new = entered.filled_in.new.get(made.external_id, NewAuthentication("", "", ""))
    return replace(
        made,
        text=entered.texts.get(made.name, chosen),
        accounts=accounts,
        new_name=entered.texts.get(f"name-{made.name}", new.name),
        new_environment=entered.texts.get(f"environment-{made.name}", new.environment),
        has_data=bool(new.data),
        reasons_of_new={
            part: entered.faults[f"{part}-{made.name}"] for part in PARTS if f"{part}-{made.name}" in entered.faults
        },
    )


def entered_in(
    step: WizardStep, configuration: Configuration, filled_in: FilledIn, form: Mapping[str, str], most_bytes: int
) -> Entered:
    """Return what the form of a step has filled in. Fields with a fault keep their former value."""
    config, chosen, new = dict(filled_in.config), dict(filled_in.chosen), dict(filled_in.new)
    faults: dict[str, str] = {}
    texts: dict[str, str] = {}
    for place in step.places:
        name, slot = name_of(place), place.slot
        try:
            if isinstance(slot, AuthSlot):
                _enter_account(place, slot, configuration, form, chosen, new)
            else:
                _enter_value(place, slot, filled_in, form, config)
        except NotAValueError as error:
            faults[name] = str(error)
            texts[name] = form.get(name, "")
        except NotAnAccountError as error:
            faults[f"{error.part}-{name}"] = str(error)
            texts |= {name: NEW, **_typed_account(form, name)}
    for place in _too_long(step, filled_in, config, new, most_bytes):
        name, key = name_of(place), place.slot.external_id
        reason = f"Shorten this. All that is filled in may have at most {most_bytes} characters together."
        if isinstance(place.slot, AuthSlot):
            _restore(new, filled_in.new, key)
            _restore(chosen, filled_in.chosen, key)
            faults[f"data-{name}"] = reason
            texts |= {name: NEW, **_typed_account(form, name)}
        else:
            _restore(config, filled_in.config, key)
            faults[name], texts[name] = reason, form.get(name, "")
    return Entered(replace(filled_in, config=config, chosen=chosen, new=new), faults, texts)


def _too_long(
    step: WizardStep,
    before: FilledIn,
    config: Mapping[str, str],
    new: Mapping[str, NewAuthentication],
    most: int,
) -> list[ShownSlot]:
    """Return the slots of a step that have to keep their former values so that everything together is not too long:
    of the values that have become longer, the longest ones."""

    def length(place: ShownSlot, config: Mapping[str, str], new: Mapping[str, NewAuthentication]) -> int:
        key = place.slot.external_id
        if isinstance(place.slot, AuthSlot):
            return len(new[key].data) if key in new else 0
        return len(config.get(key, ""))

    excess = sum(map(len, config.values())) + sum(len(one.data) for one in new.values()) - most
    grown = [(length(place, config, new), place) for place in step.places]
    found = []
    for now, place in sorted(grown, key=lambda pair: pair[0], reverse=True):
        former = length(place, before.config, before.new)
        if excess > 0 and now > former:
            found.append(place)
            excess -= now - former
    return found


def _restore(values: dict[str, _Value], before: Mapping[str, _Value], key: str) -> None:
    if key in before:
        values[key] = before[key]
    else:
        values.pop(key, None)


def _typed_account(form: Mapping[str, str], name: str) -> dict[str, str]:
    """Return what was typed for a new account, apart from the credentials, which no page shows."""
    return {part: form.get(part, "") for part in (f"name-{name}", f"environment-{name}")}


class NotAnAccountError(ValueError):
    """A new account that cannot be created. The message tells a person what to do about a part of it."""

    def __init__(self, part: str, message: str) -> None:
        super().__init__(message)
        self.part = part


def _enter_value(
    place: ShownSlot, slot: ConfigSlot, filled_in: FilledIn, form: Mapping[str, str], config: dict[str, str]
) -> None:
    name, key = name_of(place), slot.external_id
    shown = shown_value(place, filled_in)
    picked = form.get(f"list-{name}")
    if slot.type is ConfigType.BOOLEAN:
        given: str | None = "true" if form.get(name) == "true" else "false"
        if given == "false" and shown is None and not slot.needs_input:
            given = None
    elif picked is not None:
        given = picked or None
        if given is not None and not is_of_slot(slot, given):
            raise NotAValueError(_CHOOSE)
    else:
        text = with_line_feeds(form.get(name, ""))
        if not text.strip():
            given = None
        else:
            given = shown if shown is not None and text == text_of(slot, shown) else value_of(slot, text)
    held = place.held.value if place.held is not None else None
    if given is None:
        if slot.needs_input:
            raise NotAValueError(_REQUIRED if picked is None else _CHOOSE)
        if is_of_slot(slot, held):
            raise NotAValueError(_STAYS)
        config.pop(key, None)
    elif held is None and slot.has_default and same_json(given, slot.default_value):
        config.pop(key, None)  # the default stays the default, also in later releases
    else:
        config[key] = given


def _enter_account(
    place: ShownSlot,
    slot: AuthSlot,
    configuration: Configuration,
    form: Mapping[str, str],
    chosen: dict[str, str],
    new: dict[str, NewAuthentication],
) -> None:
    name, key = name_of(place), slot.external_id
    given = form.get(f"connected-{name}") or form.get(name, "")
    if given == NEW:
        new[key] = new_account(slot, form, name, new.get(key))
        chosen.pop(key, None)
        return
    known = {authentication.facts.authentication_id for authentication in configuration.fitting(place)}
    if given and given not in known:
        raise NotAValueError("This account does not fit here, or it has expired. Choose another one.")
    if not given and slot.needs_input:
        raise NotAValueError("Choose an account.")
    new.pop(key, None)
    chosen.pop(key, None)
    if given:
        chosen[key] = given


def new_account(
    slot: AuthSlot, form: Mapping[str, str], name: str, before: NewAuthentication | None
) -> NewAuthentication:
    """Return the new account in a form. Credentials that were filled in before stay if the form has none. Raises
    NotAnAccountError."""
    title = form.get(f"name-{name}", "").strip()
    environment = slot.service_environment or form.get(f"environment-{name}", "").strip()
    data = form.get(f"data-{name}", "").strip() or ("" if before is None else before.data)
    if not title:
        raise NotAnAccountError("name", "Give the account a name.")
    if text_faults("name", title):
        raise NotAnAccountError("name", f"Shorten the name to {MOST_NAME} characters.")
    if text_faults("environment", environment, most=MOST_LABEL, required=False):
        raise NotAnAccountError("environment", f"Shorten the environment to {MOST_LABEL} characters.")
    if not data:
        raise NotAnAccountError("data", "Fill in the credentials.")
    try:
        read_json(data)
    except NotJsonError:
        raise NotAnAccountError("data", 'Type the credentials as JSON, such as {"token": "..."}.') from None
    if before is not None:
        return replace(before, name=title, environment=environment, data=data)
    return NewAuthentication(title, environment, data)
