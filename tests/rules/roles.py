"""Who may give which command, and how far they reach: the one table of all of them.

A command that is added has no row, and the tests say so: nobody may do anything by default.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from unitledger.commands import Role

SCOPES = ("own", "same course or unit", "another course or unit", "another portal")
"""Whose things a command is about: the actor's, a colleague's, a stranger's, another tenant's."""

REACHES: Mapping[str, tuple[bool, bool, bool, bool]] = {
    "portal": (True, True, True, False),
    "own": (True, False, False, False),
    "no": (False, False, False, False),
}
"""How far a role may reach, scope by scope; nobody ever reaches another portal."""

_ROWS = """
accept_invite        learner own
activate_assignment  admin portal, creator portal, system portal
adjust_price         admin portal, system portal
adjust_total         admin portal, creator portal, system portal
allocate             admin portal
buy_units            admin portal, creator portal, distributor own, learner own, system portal
cancel_assignment    admin portal, creator portal, system portal
cancel_invite        admin portal, manager own
cancel_line          admin portal, system portal
capture              admin portal, system portal
capture_line         admin portal, system portal
change_plan          admin portal, system portal
charge_back          admin portal, system portal
close_course         admin portal
complete_enrolment   admin portal, system portal
copy_assignment      admin portal, creator portal, system portal
create_assignment    admin portal, creator portal, system portal
deactivate_manager   admin portal
deallocate           admin portal
distribute           distributor own
edit_assignment      admin portal, creator portal, system portal
edit_expiry          admin portal, creator portal, system portal
edit_key_code        admin portal, creator portal, distributor own, learner own, manager own, system portal
edit_last_day        admin portal, creator portal, system portal
enrol                admin portal
fire_assignment      admin portal, creator portal, system portal
forfeit              admin portal, system portal
give                 admin portal, manager own
grant                admin portal
hold                 admin portal, system portal
invite_all           manager own
invite_each          manager own
issue                admin portal, creator portal, system portal
lapse                admin portal, system portal
move_allocation      admin portal
name_distributors    admin portal, creator portal, system portal
open_balances        admin portal
place_order          admin portal, learner own, system portal
purchase             admin portal
purchase_for_course  manager own
reactivate_manager   admin portal
recall               admin portal
refund_line          admin portal, system portal
register_key_code    admin portal, creator portal, system portal
reinvite             manager own
reissue_units        admin portal, system portal
release              admin portal, system portal
release_line         admin portal, system portal
reopen_course        admin portal
reopen_key_code      admin portal, creator portal, system portal
replace_key_code     admin portal, creator portal, system portal
replenish            admin portal, system portal
report_progress      admin portal, system portal
restore              admin portal, system portal
resubscribe          admin portal, system portal
reverse              admin portal, system portal
reverse_enrolment    admin portal
send_invite          manager own
spend                admin portal, system portal
start_enrolment      admin portal, system portal
subscribe            admin portal, system portal
suspend_key_code     admin portal, creator portal, system portal
sweep                admin portal, system portal
take                 manager own
take_back            distributor own
transfer             admin portal, system portal
void                 admin portal, system portal
withdraw_line        admin portal, learner own, system portal
write_back           admin portal
write_off            admin portal
"""  # noqa: E501


def _read(row: str) -> tuple[str, Mapping[Role, str]]:
    command, _, rest = row.partition(" ")
    pairs = (part.split() for part in rest.split(","))
    said = {Role(role): reach for role, reach in pairs}
    return command, {role: said.get(role, "no") for role in Role}


TABLE: Mapping[str, Mapping[Role, str]] = dict(_read(row) for row in _ROWS.strip().splitlines())
"""For every command, for every role, how far it reaches."""


def verdicts() -> Iterator[tuple[str, Role, str, bool]]:
    """Every command, role and scope with its verdict."""
    for command, reaches in TABLE.items():
        for role, reach in reaches.items():
            for scope, allowed in zip(SCOPES, REACHES[reach], strict=True):
                yield command, role, scope, allowed


def scopes_table() -> str:
    """What the words of the other table mean, as Markdown."""
    rows: list[tuple[str, ...]] = [("reach", *SCOPES)]
    rows += [(f"`{name}`", *map(_yes, reach)) for name, reach in REACHES.items()]
    return _markdown(rows)


def roles_table() -> str:
    """The table as Markdown; a role that may not give a command has nothing there."""
    rows: list[tuple[str, ...]] = [("command", *(role.value for role in Role))]
    for command, reaches in TABLE.items():
        words = (reaches[role] for role in Role)
        rows.append((f"`{command}`", *("" if word == "no" else word for word in words)))
    return _markdown(rows)


def _yes(allowed: bool) -> str:
    return "yes" if allowed else "no"


def _markdown(rows: list[tuple[str, ...]]) -> str:
    lines = [rows[0], ("---",) * len(rows[0]), *rows[1:]]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
