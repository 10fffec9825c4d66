"""Forms: what a visitor has typed, and the faults beside the fields."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from flask import request

from app.console.reasons import reasons_of
from app.errors import Fault, RelinkError, UserError
from app.text import is_blank


@dataclass(frozen=True)
class Form:
    """The values of a form, by field, and what is wrong with them. Faults of no field are shown above the form."""

    values: Mapping[str, str] = field(default_factory=dict)
    faults: Mapping[str, list[str]] = field(default_factory=dict)
    others: tuple[str, ...] = ()

    @classmethod
    def sent(cls) -> Form:
        """Return the form of the present request, with what was typed, without passwords."""
        return cls.of(request.form)

    @classmethod
    def of(cls, given: Mapping[str, str]) -> Form:
        """Return a form with what was typed, without passwords."""
        return cls({name: text for name, text in given.items() if "password" not in name.lower()})

    def value(self, name: str, default: str = "") -> str:
        """Return what a field holds."""
        return self.values.get(name, default)

    def reasons(self, name: str) -> list[str]:
        """Return what is wrong with a field."""
        return self.faults.get(name, [])

    def on_page_with(self, names: Collection[str]) -> Form:
        """Return the form on a page that has only these fields: what is wrong with others is shown above the form."""
        others = [reason for name, reasons in self.faults.items() if name not in names for reason in reasons]
        faults = {name: reasons for name, reasons in self.faults.items() if name in names}
        return Form(self.values, faults, (*self.others, *others))

    @property
    def is_faulty(self) -> bool:
        """Whether anything is wrong."""
        return bool(self.faults or self.others)

    def refused(self, error: RelinkError, field_of: Callable[[Fault], str] = lambda fault: fault.field) -> Form:
        """Return the form with the reasons why it was refused, beside the fields that they are about.

        `field_of` returns the name of the field for a fault of the domain.
        """
        if not isinstance(error, UserError):
            return Form(self.values, {}, (error.description,))
        beside: dict[str, list[str]] = {}
        others: list[str] = []
        for fault, reason in zip(error.faults, reasons_of(error), strict=True):
            name = field_of(fault)
            if name in self.values or name in request.form:
                beside.setdefault(name, []).append(fault.text)
            else:
                others.append(reason)
        return Form(self.values, beside, tuple(others))


def given_values(prefix: str) -> dict[str, str]:
    """Return what the fields for slots hold, by the external id of the slot, without empty fields. Their names begin
    with the prefix."""
    given = {name.removeprefix(prefix): text for name, text in request.form.items() if name.startswith(prefix)}
    return {slot: text for slot, text in given.items() if not is_blank(text)}
