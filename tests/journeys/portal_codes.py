"""Key codes in plain values: who may pay with them, and what becomes of one that is lost."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from tests.journeys.portal_books import CREATORS, Books, Done, Knobs, No

MOST_CONTACTS = 100


@dataclass
class Code:
    audience: frozenset[str]
    origin: str
    """The code whose wallet it opens; its own, unless it replaced another."""
    contacts: frozenset[str] = frozenset()
    details: str = ""
    comments: str = ""
    cap: int | None = None
    state: str = "open"

    @property
    def wallet(self) -> str:
        return f"keycode/{self.origin}"


class KeyCodesRoom(Books):
    """What there is to say about key codes; their units are the business of others."""

    def __init__(self, knobs: Knobs, now: datetime) -> None:
        super().__init__(knobs, now)
        self.codes: dict[str, Code] = {}

    def code(self, key_code: str) -> Code:
        """TU-113: one that was replaced is as unknown as one that never was."""
        found = self.codes.get(key_code)
        if found is None or found.state == "replaced":
            raise No("unknown_key_code")
        return found

    def pays_for(self, key_code: str, holder: str) -> Code:
        """TU-103, X-19."""
        found = self.code(key_code)
        if found.state == "suspended":
            raise No("key_code_suspended")
        enforced = found.audience and self.knobs.key_code_audience == "enforced"
        if enforced and found.audience.isdisjoint(self.groups_of(holder)):
            raise No("outside_audience")
        return found

    def register_key_code(
        self,
        key_code: str,
        audience: frozenset[str],
        contacts: frozenset[str] = frozenset(),
        user_cap: int | None = None,
    ) -> Done:
        """TU-024, TU-100, TU-103, TU-107, TU-112."""
        self._may(*CREATORS)
        self._new_code(key_code)
        made = self.codes[key_code] = Code(audience, key_code, contacts, cap=user_cap)
        return Done({"key_code": key_code, "wallet": made.wallet})

    def _new_code(self, key_code: str) -> None:
        if key_code in self.codes:
            raise No("already_exists")

    def edit_key_code(
        self,
        key_code: str,
        added: frozenset[str],
        removed: frozenset[str],
        details: str | None,
        comments: str | None,
    ) -> Done:
        """TU-107, X-09."""
        if self._roles.isdisjoint(CREATORS):
            self._may("distributor", "learner", "manager")
            may_edit = self.knobs.contact_may_edit
            if not may_edit or self._actor not in self.code(key_code).contacts:
                raise No("not_permitted")
        found = self.code(key_code)
        if added & found.contacts:
            raise No("already_exists")
        if removed - found.contacts:
            raise No("unknown_object")
        contacts = (found.contacts | added) - removed
        if len(contacts) > MOST_CONTACTS:
            raise No("limit_exceeded")
        found.contacts = contacts
        found.details = found.details if details is None else details
        found.comments = found.comments if comments is None else comments
        return self._changed(key_code)

    def _changed(self, key_code: str) -> Done:
        found = self.codes[key_code]
        figures = {"key_code": key_code, "state": found.state, "contacts": found.contacts}
        return Done(figures)

    def suspend_key_code(self, key_code: str) -> Done:
        """TU-113."""
        return self._stepped(key_code, "open", "suspended")

    def reopen_key_code(self, key_code: str) -> Done:
        """TU-113."""
        return self._stepped(key_code, "suspended", "open")

    def _stepped(self, key_code: str, before: str, after: str) -> Done:
        self._may(*CREATORS)
        found = self.code(key_code)
        if found.state != before:
            raise No("illegal_transition")
        found.state = after
        return self._changed(key_code)

    def replace_key_code(self, key_code: str, replacement: str) -> Done:
        """TU-113: nothing moves; the new code opens the wallet of the lost one."""
        self._may(*CREATORS)
        self._new_code(replacement)
        lost = self.code(key_code)
        made = self.codes[replacement] = replace(lost)
        lost.state = "replaced"
        return Done({"key_code": replacement, "wallet": made.wallet})
