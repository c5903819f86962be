"""Drafts: an assignment in the making, step by step, as a form asks for it.

General, availability, e-mails, confirm. A draft is a value: nothing is written before its command
is given, and the command checks everything once more.

>>> from unitledger.amounts import Units
>>> draft = Draft().general("Spring budget").available(AudienceRow(Units.of(30), "sales"))
>>> draft.missing
('method',)
>>> draft.by_distributors("dan").confirmed("spring").title
'Spring budget'
"""

from __future__ import annotations

from datetime import date, datetime
from typing import final

import attrs

from unitledger.errors import InvalidValue
from unitledger.time import instant
from unitledger.training.assignments import CreateAssignment, Emails, Method, check_title
from unitledger.training.audiences import AudienceRow
from unitledger.training.schedules import Repeat, Span
from unitledger.values import Value

__all__ = ["Draft"]


@final
@attrs.frozen(kw_only=True)
class Draft(Value):
    """What has been said about an assignment so far; the fields are those of the command.

    Source: TU-020 to TU-028, TU-040, TU-265, TU-266.
    """

    title: str | None = None
    method: Method | None = None
    rows: tuple[AudienceRow, ...] = ()
    distributors: frozenset[str] = frozenset()
    key_code: str | None = None
    scheduled: datetime | None = None
    repeat: Repeat | None = None
    expires: datetime | None = None
    last_day: date | None = None
    lasts: Span | None = None
    until_next: bool = False
    emails: Emails = Emails.SYSTEM_DEFAULTS
    template: str | None = None

    def general(
        self, title: str, *, scheduled: datetime | None = None, repeat: Repeat | None = None
    ) -> Draft:
        """The draft with its title and its dates.

        Raises:
            InvalidInput: A title or an instant that cannot be used.
        """
        check_title(title)
        at = None if scheduled is None else instant(scheduled, "scheduled")
        return attrs.evolve(self, title=title, scheduled=at, repeat=repeat)

    def ending(
        self,
        *,
        expires: datetime | None = None,
        last_day: date | None = None,
        lasts: Span | None = None,
        until_next: bool = False,
    ) -> Draft:
        """The draft with the end of its units; without one, they never end."""
        return attrs.evolve(
            self, expires=expires, last_day=last_day, lasts=lasts, until_next=until_next
        )

    def by_distributors(self, *users: str) -> Draft:
        """The draft with who hands its units out, and no key code."""
        return attrs.evolve(
            self, method=Method.DISTRIBUTOR, distributors=frozenset(users), key_code=None
        )

    def by_key_code(self, key_code: str) -> Draft:
        """The draft with the id of the key code its units go behind, and no distributors."""
        return attrs.evolve(
            self, method=Method.KEY_CODE, distributors=frozenset(), key_code=key_code
        )

    def available(self, *rows: AudienceRow) -> Draft:
        """The draft with who gets how much."""
        return attrs.evolve(self, rows=rows)

    def mailed(self, emails: Emails, template: str | None = None) -> Draft:
        """The draft with which mails the host sends."""
        return attrs.evolve(self, emails=emails, template=template)

    @property
    def missing(self) -> tuple[str, ...]:
        """What has to be said before it can be confirmed, in the order of the steps."""
        return tuple([name for name in ("title", "method", "rows") if not getattr(self, name)])

    def confirmed(self, assignment: str) -> CreateAssignment:
        """The command that makes the assignment.

        Args:
            assignment: The id it gets.

        Raises:
            InvalidValue: Something is missing; what, it says.
            InvalidInput: What was said cannot be used together.
        """
        if self.title is None or self.method is None or self.missing:
            raise InvalidValue(self.missing[0], "not said", "everything that is missing")
        fields = attrs.asdict(self, recurse=False)
        return CreateAssignment(assignment=assignment, **fields)
