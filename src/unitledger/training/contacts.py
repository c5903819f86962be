"""Contacts: who is shown what is behind a key code, and what is said about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

import attrs

from unitledger.codec import kind
from unitledger.commands import Command, Decision, Permit, Role, View, anywhere
from unitledger.errors import AlreadyExists, InvalidValue, LimitExceeded, UnknownObject
from unitledger.ids import WalletId
from unitledger.records import record_lock
from unitledger.training.keycodes import (
    MAX_CONTACTS,
    KeyCodeChanged,
    RegisteredKeyCode,
    check_code_id,
    check_remark,
    check_users,
    ours,
    wallet_of,
)

__all__ = ["EditKeyCode"]


def _contact(command: EditKeyCode, view: View) -> bool:
    """The reach of a contact: the codes that name them, where the policy lets contacts edit."""
    return view.policy.contact_may_edit and view.actor.id in ours(view, command.key_code).contacts


@kind("edit_key_code")
@final
@attrs.frozen
class EditKeyCode(Command[KeyCodeChanged]):
    """Change who is shown what is behind a key code, or what is said about it.

    Its units are none of these: they are issued, adjusted and given another expiry by the commands
    for that. A code may have no contact at all.

    Attributes:
        key_code: The code's id.
        added: Users who become contacts.
        removed: Contacts who are none any more.
        details: What the units are for from now on; ``None`` leaves it.
        comments: What else there is to say from now on; ``None`` leaves it.

    Source: TU-107, X-09.
    """

    NAME: ClassVar[str] = "edit_key_code"
    AUTHORITY: ClassVar[Mapping[Role, Permit]] = {
        Role.CREATOR: anywhere,
        Role.ADMIN: anywhere,
        Role.SYSTEM: anywhere,
        Role.DISTRIBUTOR: _contact,
        Role.LEARNER: _contact,
        Role.MANAGER: _contact,
    }

    key_code: str
    added: frozenset[str] = frozenset()
    removed: frozenset[str] = frozenset()
    details: str | None = None
    comments: str | None = None

    def __attrs_post_init__(self) -> None:
        check_code_id(self.key_code)
        check_users(self.added, "added", MAX_CONTACTS)
        check_users(self.removed, "removed", MAX_CONTACTS)
        if not self.added.isdisjoint(self.removed):
            raise InvalidValue("removed", "a user who is added", "other users than are added")
        for name in ("details", "comments"):
            if (text := getattr(self, name)) is not None:
                check_remark(text, name)
        if not self.added and not self.removed and self.details is None and self.comments is None:
            raise InvalidValue("edit", "without a change", "contacts, details or comments")

    def wallets(self) -> tuple[WalletId, ...]:
        """The wallet named for it, whose chain its entries stand in."""
        return (wallet_of(self.key_code),)

    def keys(self) -> tuple[str, ...]:
        """The code's record."""
        return (record_lock(RegisteredKeyCode.KIND, self.key_code),)

    def ready(self, view: View) -> None:
        """Who is added was no contact, who is removed was one, and they do not become too many."""
        contacts = ours(view, self.key_code).contacts
        for user in sorted(self.added & contacts):
            raise AlreadyExists("contact", user)
        for user in sorted(self.removed - contacts):
            raise UnknownObject("contact", user)
        after = len(contacts) + len(self.added) - len(self.removed)
        if after > MAX_CONTACTS:
            raise LimitExceeded("contacts", str(after), MAX_CONTACTS)

    def decide(self, view: View) -> Decision[KeyCodeChanged]:
        """The record; nothing moves."""
        code = ours(view, self.key_code)
        changed = attrs.evolve(
            code,
            contacts=(code.contacts | self.added) - self.removed,
            details=code.details if self.details is None else self.details,
            comments=code.comments if self.comments is None else self.comments,
        )
        outcome = KeyCodeChanged(changed.id, changed.state, changed.contacts)
        return Decision(outcome, records=(changed,))
