"""What is wrong with the rows of a table: each kind of mistake once, with its first line and how many there are."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field

from repro.errors import Problem

MOST_NAMED = 5
"""Of the places where one kind of mistake is; of more, the first and the last are named."""


@dataclass
class _Kind:
    where: str
    what: str
    received: object
    hint: str | None
    others: list[str] = field(default_factory=list)

    def problem(self) -> Problem:
        """Return the first of its kind, which tells of the others."""
        what, count = self.what, len(self.others) + 1
        if count > 1:
            named = ", ".join(self.others) if count <= MOST_NAMED else f"{self.others[-1]} is the last"
            what += f"; this is the first of {count:,} such places ({named})"
        return Problem(self.where, what, None if self.received is None else repr(self.received), self.hint)


class RowProblems:
    """Problems of rows, told by kind: what is wrong with a whole column is one mistake."""

    def __init__(self) -> None:
        self._kinds: dict[Hashable, _Kind] = {}

    def __bool__(self) -> bool:
        return bool(self._kinds)

    def add(
        self,
        place: str,
        what: str,
        received: object,
        hint: str | None,
        *,
        column: str = "",
        kind: str | None = None,
    ) -> None:
        """Take in a problem.

        Args:
            place: the file, and the row where there is one.
            what: is wrong there.
            received: the value.
            hint: what to do.
            column: of the row.
            kind: tells it from others of its column, where `what` and `hint` do not.
        """
        where = f"{place}: {column}" if column else place
        same: Hashable = (column, kind) if kind is not None else (column, what, hint)
        known = self._kinds.get(same)
        if known is None:
            self._kinds[same] = _Kind(where, what, received, hint)
        else:
            known.others.append(place)

    def told(self) -> list[Problem]:
        """Return one problem for each kind, in the order in which they were found."""
        return [kind.problem() for kind in self._kinds.values()]
