"""The addresses of the pages of solutions, and finding the solution that one names."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection

from app.console.pages import Crumb
from app.console.urls import with_parameters
from app.errors import UserError
from app.solutions.releases.solutions import Solution, read_solution
from app.web.refusal import Refused

SOLUTIONS: Final = "/console/solutions"


def solution_url(solution_id: str, page: str = "", **parameters: str | int) -> str:
    """Return the address of a page of a solution."""
    address = f"{SOLUTIONS}/{solution_id}" + (f"/{page}" if page else "")
    return with_parameters(address, parameters)


def crumbs_to(solution: Solution) -> tuple[Crumb, ...]:
    """Return the way to a page of a solution."""
    return Crumb("Solutions", SOLUTIONS), Crumb(solution.title, solution_url(solution.solution_id))


def found_solution(connection: Connection, solution_id: str) -> Solution:
    """Return a solution. Raises Refused (404) if there is none with this id."""
    try:
        return read_solution(connection, solution_id)
    except UserError:
        raise Refused(404, "There is no solution at this address.") from None
