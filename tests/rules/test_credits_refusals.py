"""What the rules of credits refuse, in words: C2 to C60.

A refusal says what was asked, what there was, and the way out; every row is a story, the command
that is refused behind it, and the whole text.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.rules.credits_portal import AID, ANN, CRON, MIA, MIAS, POOL, START, Portal, learner
from unitledger.amounts import Credits, Units
from unitledger.commands import Actor, Role
from unitledger.credits import (
    AcceptInvite,
    Advance,
    AdvanceState,
    Allocate,
    CancelInvite,
    ChangePlan,
    ChargeBack,
    CloseCourse,
    CompleteEnrolment,
    DeactivateManager,
    Deallocate,
    Enrol,
    Forfeit,
    Give,
    Grant,
    InviteAll,
    Lapse,
    MoveAllocation,
    PlanChange,
    Purchase,
    PurchaseForCourse,
    ReactivateManager,
    Recall,
    Reinvite,
    ReopenCourse,
    Replenish,
    ReportProgress,
    Resubscribe,
    ReverseEnrolment,
    SendInvite,
    StartEnrolment,
    Subscribe,
    Take,
)
from unitledger.errors import UnknownObject, WrongUnit
from unitledger.ids import LotId, WalletId
from unitledger.lots import Scope
from unitledger.operations import Issue
from unitledger.policy import HoldsAtLapse, Policy, Trigger, Upgrade
from unitledger.time import Period

DAY = timedelta(days=1)
ZOE = Actor.acting("zoe", Role.MANAGER)
LEO = learner("leo")
MANAGERS = (Give, SendInvite, Reinvite, Take)


def c(number: int) -> Credits:
    return Credits.of(number)


ALLOTTED: list[Any] = [Issue(LotId("one"), WalletId(MIAS), c(1))]
TWO: list[Any] = [Issue(LotId("two"), POOL, c(2))]
ENROLLED: list[Any] = [*TWO, ("e", Enrol("leo", "fire"))]
INVITED: list[Any] = [*ALLOTTED, ("i", SendInvite("b", "first-aid", "mia"))]
BEGUN: list[Any] = [Subscribe("s", c(5), Period.YEAR)]
FIRST_OF_FEBRUARY = "2026-02-01T09:00:00+00:00"

REFUSED: list[tuple[Policy | None, list[Any], Any, Actor, str]] = [
    (
        None,
        [],
        Enrol("leo", "fire"),
        ANN,
        (
            "course/fire and pool can spend 0 credits of the 1 credits asked for; 1 "
            "credits more needed"
        ),
    ),
    (
        Policy(pool_fallback=False),
        [*TWO, Allocate("fire", c(1)), Enrol("a", "fire")],
        Enrol("leo", "fire"),
        ANN,
        "course/fire can spend 0 credits of the 1 credits asked for; 1 credits more needed",
    ),
    (
        Policy(overdraft=c(1)),
        [*TWO, Allocate("first-aid", c(2)), Enrol("a", "first-aid")],
        Deallocate("first-aid", c(2)),
        ANN,
        ("course/first-aid can spend 1 credits of the 2 credits asked for; 1 credits more needed"),
    ),
    (
        Policy(overdraft=c(1)),
        [Enrol("a", "fire")],
        CloseCourse("fire"),
        ANN,
        "fire owes 1 credits for enrolments made ahead; allocate them first",
    ),
    (
        Policy(learner_cap=1),
        ENROLLED,
        Enrol("leo", "first-aid"),
        ANN,
        "leo has 1 enrolments and may have 1; undo one, or raise the policy's learner_cap",
    ),
    (
        None,
        [*ENROLLED, CompleteEnrolment("e.1")],
        StartEnrolment("e.1"),
        CRON,
        "enrolment e.1 is completed; it cannot become started",
    ),
    (
        None,
        [*ENROLLED, ReverseEnrolment("e.1")],
        ReportProgress("e.1", 5),
        CRON,
        "enrolment e.1 is reversed; it cannot become started",
    ),
    (
        None,
        [*ENROLLED, CompleteEnrolment("e.1")],
        ReverseEnrolment("e.1"),
        ANN,
        "enrolment e.1 is completed; it cannot become reversed",
    ),
    (
        None,
        [*ENROLLED, StartEnrolment("e.1")],
        ReverseEnrolment("e.1"),
        ANN,
        (
            "enrolment e.1 of 2026-01-31T09:00:00+00:00, at 0 %, is past the "
            "reversible_until of the policy: started; "
            "a credit can still be given back by a correction"
        ),
    ),
    (
        None,
        [*ALLOTTED, Give("mia", "max", "first-aid", c(1))],
        Take("mia", "max", "first-aid", c(2)),
        MIA,
        "mia may take back 1 credits from max for first-aid, not the 2 credits asked for",
    ),
    (
        None,
        [*TWO, Allocate("first-aid", c(2))],
        Grant("zoe", "first-aid", c(1)),
        ANN,
        "zoe is not a manager of first-aid; register them there first",
    ),
    (
        None,
        [*ALLOTTED, DeactivateManager("max", "first-aid")],
        Give("mia", "max", "first-aid", c(1)),
        MIA,
        "manager/max/first-aid is closed; open it again first",
    ),
    (
        None,
        [],
        ReactivateManager("mia", "first-aid"),
        ANN,
        "no closure manager/mia/first-aid in this portal",
    ),
    (
        None,
        [DeactivateManager("mia", "first-aid")],
        DeactivateManager("mia", "first-aid"),
        ANN,
        "closure manager/mia/first-aid is closed; it cannot become closed",
    ),
    (
        None,
        [CloseCourse("fire"), ReopenCourse("fire")],
        ReopenCourse("fire"),
        ANN,
        "closure course/fire is reopened; it cannot become reopened",
    ),
    (
        None,
        [CloseCourse("fire")],
        CloseCourse("fire"),
        ANN,
        "closure course/fire is closed; it cannot become closed",
    ),
    (
        None,
        ALLOTTED,
        InviteAll(("a", "b", "a", "d"), "first-aid", "mia"),
        MIA,
        (
            "manager/mia/first-aid can spend 1 credits of the 3 credits asked for; 2 "
            "credits more needed"
        ),
    ),
    (
        None,
        INVITED,
        InviteAll(("a", "b", "a", "d"), "first-aid", "mia"),
        MIA,
        (
            "manager/mia/first-aid can spend 0 credits of the 2 credits asked for; 2 "
            "credits more needed"
        ),
    ),
    (
        None,
        [],
        SendInvite("a", "first-aid", "mia"),
        MIA,
        (
            "manager/mia/first-aid can spend 0 credits of the 1 credits asked for; 1 "
            "credits more needed"
        ),
    ),
    (None, [], CancelInvite("i"), MIA, "no invite i in this portal"),
    (None, INVITED, AcceptInvite("j", "leo"), LEO, "no invite j in this portal"),
    (
        None,
        [*INVITED, CancelInvite("i.1")],
        AcceptInvite("i.1", "leo"),
        LEO,
        "invite i.1 is cancelled; it cannot become accepted",
    ),
    (
        Policy(invite_days=1),
        [*INVITED, DAY],
        AcceptInvite("i.1", "leo"),
        LEO,
        "invite i.1 is expired; it cannot become accepted",
    ),
    (
        Policy(invite_days=1),
        [*INVITED, DAY, SendInvite("z", "first-aid", "mia")],
        Reinvite("i.1"),
        MIA,
        (
            "manager/mia/first-aid can spend 0 credits of the 1 credits asked for; 1 "
            "credits more needed"
        ),
    ),
    (None, [], Lapse("s"), CRON, "no subscription s in this portal"),
    (
        None,
        BEGUN,
        Subscribe("s", c(5), Period.YEAR),
        CRON,
        "subscription s exists already; choose another id",
    ),
    (
        None,
        BEGUN,
        Replenish("s", 1),
        CRON,
        "period 1 of s is due at 2027-01-31T09:00:00+00:00; ask again then",
    ),
    (
        None,
        [*BEGUN, DAY, Lapse("s"), 366 * DAY],
        Replenish("s", 1),
        CRON,
        "subscription s has lapsed at 2026-02-01T09:00:00+00:00; restore it or begin another",
    ),
    (
        Policy(lapse_grace_days=3),
        [*BEGUN, DAY, Lapse("s")],
        ChangePlan("s", c(5)),
        CRON,
        "subscription s has lapsed at 2026-02-01T09:00:00+00:00; restore it or begin another",
    ),
    (
        Policy(lapse_grace_days=3),
        [*BEGUN, Lapse("s")],
        Forfeit("s", POOL),
        CRON,
        "the forfeit of s is due at 2026-02-03T09:00:00+00:00; ask again then",
    ),
    (
        None,
        BEGUN,
        Forfeit("s", POOL),
        CRON,
        "subscription s is in_force; it cannot become forfeited",
    ),
    (None, BEGUN, Resubscribe("s"), CRON, "subscription s is in_force; it cannot become in_force"),
    (
        None,
        [*BEGUN, Lapse("s")],
        Resubscribe("s"),
        CRON,
        "subscription s is forfeited; it cannot become in_force",
    ),
    (
        Policy(lapse_grace_days=3),
        [*BEGUN, Subscribe("t", c(5), Period.YEAR), Lapse("s"), DAY, Lapse("t")],
        Enrol("leo", "fire"),
        ANN,
        "subscription t has lapsed at 2026-02-01T09:00:00+00:00; restore it or begin another",
    ),
    (
        None,
        [*BEGUN, Replenish("s", 0), Lapse("s"), Subscribe("t", c(5), Period.YEAR)],
        Enrol("leo", "fire"),
        ANN,
        "pool has credits that were forfeited with subscription s; give Forfeit for it first",
    ),
    (
        None,
        [Purchase("o", c(5), "t")],
        Purchase("o", c(6), "u"),
        ANN,
        (
            "payment o was used before with another amount, terms; every purchase has a "
            "payment reference of its own"
        ),
    ),
    (
        None,
        [Issue(LotId("o/paid"), POOL, c(1))],
        Purchase("o", c(6), "u"),
        ANN,
        "lot o/paid exists already; choose another id",
    ),
    (None, [], ChargeBack("o"), ANN, "no payment o in this portal"),
    (
        None,
        [],
        PurchaseForCourse("o", "zoe", "fire", c(6), "u"),
        ZOE,
        "zoe is not a manager of fire; register them there first",
    ),
    (
        None,
        [*TWO, Allocate("fire", c(1))],
        Deallocate("fire", c(2)),
        ANN,
        "course/fire can spend 1 credits of the 2 credits asked for; 1 credits more needed",
    ),
    (
        None,
        TWO,
        Allocate("fire", c(3)),
        ANN,
        "pool can spend 2 credits of the 3 credits asked for; 1 credits more needed",
    ),
]
"""The policy, what was done before, what is refused, by whom, and what is said."""


def played(policy: Policy | None, story: list[Any]) -> Portal:
    lms = Portal(policy)
    for step in story:
        if isinstance(step, timedelta):
            lms.clock.at += step
            continue
        request, command = step if isinstance(step, tuple) else (None, step)
        lms.run(command, MIA if isinstance(command, MANAGERS) else ANN, request=request)
    return lms


@pytest.mark.parametrize(
    ("policy", "story", "command", "by", "said"),
    [pytest.param(*row, id=f"C2 C22 C43 C57 {n} {row[2].NAME}") for n, row in enumerate(REFUSED)],
)
def test_a_refusal_says_what_there_was_and_the_way_out(
    policy: Policy | None, story: list[Any], command: Any, by: Actor, said: str
) -> None:
    assert str(played(policy, story).refused(command, by)) == said


DEBT: list[Any] = [
    *(
        Issue(LotId("spare"), WalletId("course/fire"), c(2)),
        Issue(LotId("m"), WalletId(MIAS), c(2)),
    ),
    *(("a", Enrol("a", "first-aid")), ("b", Enrol("b", "first-aid"))),
]


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(MoveAllocation("fire", "first-aid", c(2)), id="C14 C56 moved"),
        pytest.param(Recall("mia", "first-aid", c(2)), id="C21 C56 recalled"),
        pytest.param(DeactivateManager("mia", "first-aid"), id="C22 C56 left behind"),
    ],
)
def test_a_place_in_the_queue_is_done_with_once_it_is_settled(command: Any) -> None:
    lms = played(Policy(overdraft=c(2)), DEBT)
    lms.run(command)
    entry = tuple(lms.ledger.entries())[-1]
    places = [one for one in entry.records if isinstance(one, Advance)]
    assert [(one.claim, one.state) for one in places] == [
        ("a.1", AdvanceState.SETTLED),
        ("b.1", AdvanceState.SETTLED),
    ]
    assert lms.ledger.credits.course("first-aid").debt == c(0)


@pytest.mark.parametrize(
    ("course", "given"),
    [pytest.param("first-aid", True, id="C17 its own"), pytest.param("fire", False, id="C17 not")],
)
def test_credits_for_one_course_alone_are_given_within_it(course: str, given: bool) -> None:
    """And taken back."""
    scope = Scope(courses=frozenset({course}))
    lms = played(None, [Issue(LotId("bound"), WalletId(MIAS), c(1), scope=scope)])
    give = Give("mia", "max", "first-aid", c(1))
    if not given:
        assert lms.refused(give, MIA).code == "insufficient_units"
        return
    lms.run(give, MIA)
    lms.run(Take("mia", "max", "first-aid", c(1)), MIA)
    assert lms.free(MIAS) == 1


def test_credits_for_another_course_are_no_cover_for_a_debt() -> None:
    """C56: the limit counts what the course could use."""
    bound = Issue(LotId("bound"), AID, c(1), scope=Scope(courses=frozenset({"fire"})))
    lms = played(Policy(overdraft=c(1)), [bound, Enrol("a", "first-aid")])
    assert lms.ledger.credits.course("first-aid").debt == c(1)
    assert lms.refused(Enrol("b", "first-aid")).code == "insufficient_units"


def test_credits_for_the_course_alone_are_cover_for_a_debt() -> None:
    """C54, C56: two have come in without settling the one it owes, so one is to spare."""
    bound = Issue(LotId("bound"), AID, c(2), scope=Scope(courses=frozenset({"first-aid"})))
    lms = played(Policy(overdraft=c(1)), [Enrol("a", "first-aid"), bound])
    assert lms.run(Enrol("b", "first-aid")).outcome.source == AID
    assert lms.ledger.credits.course("first-aid").debt == c(1)


@pytest.mark.parametrize(
    "trigger",
    [
        pytest.param(Trigger.INVITE_SENT, id="C24 C29 spent at once"),
        pytest.param(Trigger.INVITE_ACCEPTED, id="C24 C29 held"),
    ],
)
def test_a_mailing_spends_once_what_expired_invites_give_back(trigger: Trigger) -> None:
    """C29, C32: one free, two given back; the fourth address has nothing."""
    three = Issue(LotId("three"), WalletId(MIAS), c(3))
    sent = [SendInvite(one, "first-aid", "mia") for one in "ab"]
    lms = played(Policy(invite_days=1, consumed_at=trigger), [three, *sent, DAY])
    refusal = lms.refused(InviteAll(("d", "a", "b", "e"), "first-aid", "mia"), MIA)
    assert str(refusal) == (
        "manager/mia/first-aid can spend 3 credits of the 4 credits asked for; "
        "1 credits more needed"
    )
    assert lms.run(InviteAll(("d", "a", "b"), "first-aid", "mia"), MIA).outcome.new == 3
    assert (lms.free(MIAS), lms.held(MIAS) + lms.spent(MIAS)) == (0, 3)


@pytest.mark.parametrize(
    "trigger",
    [
        pytest.param(Trigger.INVITE_SENT, id="C24 C29 spent at once"),
        pytest.param(Trigger.INVITE_ACCEPTED, id="C24 C29 held"),
    ],
)
def test_an_expired_invite_gives_back_to_its_own_lot(trigger: Trigger) -> None:
    """C28, C29: the manager has some of that lot left, and of another."""
    lots = [Issue(LotId(f"lot{n}"), WalletId(MIAS), c(n)) for n in (2, 7)]
    lms = played(
        Policy(invite_days=1, consumed_at=trigger),
        [*lots, SendInvite("a", "first-aid", "mia"), DAY],
    )
    lms.run(SendInvite("a", "first-aid", "mia"), MIA)
    assert (lms.free(MIAS), lms.held(MIAS) + lms.spent(MIAS)) == (8, 1)


def test_an_invite_nobody_sent_is_named() -> None:
    """C35."""
    with pytest.raises(UnknownObject) as refusal:
        Portal().invite("i.1")
    assert str(refusal.value) == "no invite i.1 in this portal"


def test_a_plan_is_so_many_credits() -> None:
    """C50."""
    with pytest.raises(WrongUnit):
        PlanChange(START, Units.of(1), 1, Upgrade.IMMEDIATE)  # type: ignore[arg-type]


def test_a_forfeit_in_a_course_cancels_nobodys_invite() -> None:
    """C45: invites are a manager's."""
    policy = Policy(holds_at_lapse=HoldsAtLapse.RELEASE_THEN_FORFEIT)
    steps = [
        *BEGUN,
        Replenish("s", 0),
        Allocate("first-aid", c(5)),
        Grant("mia", "first-aid", c(1)),
    ]
    lms = played(policy, [*steps, SendInvite("leo@", "first-aid", "mia"), Lapse("s")])
    assert lms.run(Forfeit("s", WalletId(AID)), CRON).outcome.cancelled == ()
    assert lms.held(MIAS) == 1
