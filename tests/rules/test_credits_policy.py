"""The values a policy is made of where credits are spent, undone and capped: C2, C33, C57, C59."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from unitledger.errors import UnitLedgerError
from unitledger.policy import (
    ExpiredCredit,
    Moment,
    Policy,
    Reissue,
    Reversible,
    Trigger,
    Until,
)

DAY = timedelta(days=1)
INSTANT = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("made", "same"),
    [
        pytest.param(Trigger.INVITE_SENT, Trigger(Moment.INVITE_SENT), id="C33 invite sent"),
        pytest.param(Trigger.INVITE_ACCEPTED, Trigger(Moment.INVITE_ACCEPTED), id="C33 accepted"),
        pytest.param(Trigger.ENROLLED, Trigger(Moment.ENROLLED), id="C33 enrolled"),
        pytest.param(Trigger.STARTED, Trigger(Moment.STARTED), id="C33 started"),
        pytest.param(Trigger.progress(1), Trigger(Moment.PROGRESS, 1), id="C33 one percent"),
        pytest.param(Trigger.progress(100), Trigger(Moment.PROGRESS, 100), id="C33 all"),
        pytest.param(Reversible.NEVER, Reversible(Until.NEVER), id="C57 never"),
        pytest.param(Reversible.STARTED, Reversible(Until.STARTED), id="C57 started"),
        pytest.param(Reversible.progress(1), Reversible(Until.PROGRESS, 1), id="C57 one percent"),
        pytest.param(Reversible.progress(100), Reversible(Until.PROGRESS, 100), id="C57 all"),
        pytest.param(Reversible.days(1), Reversible(Until.DAYS, 1), id="C57 a day"),
        pytest.param(Reversible.days(36_500), Reversible(Until.DAYS, 36_500), id="C57 a century"),
        pytest.param(ExpiredCredit.FORFEIT, ExpiredCredit(Reissue.FORFEIT), id="C59 forfeit"),
        pytest.param(ExpiredCredit.REISSUE, ExpiredCredit(Reissue.REISSUE), id="C59 reissue"),
        pytest.param(ExpiredCredit.restore(1), ExpiredCredit(Reissue.RESTORE, 1), id="C59 a day"),
        pytest.param(
            ExpiredCredit.restore(36_500),
            ExpiredCredit(Reissue.RESTORE, 36_500),
            id="C59 a century",
        ),
    ],
)
def test_short_names_stand_for_values_that_print_as_they_are_made(made: Any, same: Any) -> None:
    assert made == same
    names = {c.__name__: c for c in (Trigger, Moment, Reversible, Until, ExpiredCredit, Reissue)}
    assert eval(repr(made), dict(names)) == made


@pytest.mark.parametrize(
    ("cls", "arguments", "code", "field"),
    [
        pytest.param(Trigger, ("started",), "invalid_type", "moment", id="C33 a text"),
        pytest.param(Trigger, (None,), "invalid_type", "moment", id="C33 nothing"),
        pytest.param(Trigger, (Moment.PROGRESS,), "invalid_type", "percent", id="C33 how far"),
        pytest.param(
            Trigger, (Moment.PROGRESS, 0), "invalid_value", "percent", id="C33 not at all"
        ),
        pytest.param(Trigger, (Moment.PROGRESS, 101), "invalid_value", "percent", id="C33 too far"),
        pytest.param(Trigger, (Moment.PROGRESS, True), "invalid_type", "percent", id="C33 a truth"),
        pytest.param(Trigger, (Moment.PROGRESS, 5.0), "invalid_type", "percent", id="C33 a float"),
        pytest.param(Trigger, (Moment.STARTED, 1), "invalid_value", "percent", id="C33 no number"),
        pytest.param(Reversible, ("days",), "invalid_type", "until", id="C57 a text"),
        pytest.param(Reversible, (Until.DAYS,), "invalid_type", "number", id="C57 how many"),
        pytest.param(Reversible, (Until.DAYS, 0), "invalid_value", "number", id="C57 no day"),
        pytest.param(
            Reversible, (Until.DAYS, 36_501), "invalid_value", "number", id="C57 too many"
        ),
        pytest.param(
            Reversible, (Until.PROGRESS, 101), "invalid_value", "number", id="C57 too far"
        ),
        pytest.param(Reversible, (Until.NEVER, 1), "invalid_value", "number", id="C57 never and 1"),
        pytest.param(Reversible, (Until.STARTED, 1), "invalid_value", "number", id="C57 no number"),
        pytest.param(ExpiredCredit, ("restore",), "invalid_type", "rule", id="C59 a text"),
        pytest.param(ExpiredCredit, (Reissue.RESTORE,), "invalid_type", "days", id="C59 how long"),
        pytest.param(ExpiredCredit, (Reissue.RESTORE, 0), "invalid_value", "days", id="C59 no day"),
        pytest.param(
            ExpiredCredit, (Reissue.RESTORE, 36_501), "invalid_value", "days", id="C59 too long"
        ),
        pytest.param(
            ExpiredCredit, (Reissue.REISSUE, 9), "invalid_value", "days", id="C59 no days"
        ),
    ],
)
def test_what_is_no_value(cls: Any, arguments: Any, code: str, field: str) -> None:
    with pytest.raises(UnitLedgerError) as refusal:
        cls(*arguments)
    assert refusal.value.code == code
    assert refusal.value.details["field"] == field
    assert str(refusal.value).startswith(f"{field} is ")


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        pytest.param("consumed_at", Moment.STARTED, "invalid_type", id="C33 a moment"),
        pytest.param("consumed_at", None, "invalid_type", id="C33 none"),
        pytest.param("reversible_until", Until.NEVER, "invalid_type", id="C57 a word"),
        pytest.param("expired_credit", Reissue.FORFEIT, "invalid_type", id="C59 a word"),
        pytest.param("learner_cap", -1, "invalid_value", id="C2 below none"),
        pytest.param("learner_cap", 1_000_001, "invalid_value", id="C2 a million and one"),
        pytest.param("learner_cap", True, "invalid_type", id="C2 a truth"),
        pytest.param("learner_cap", 1.0, "invalid_type", id="C2 a float"),
    ],
)
def test_what_is_no_policy(field: str, value: Any, code: str) -> None:
    with pytest.raises(UnitLedgerError) as refusal:
        Policy(**{field: value})
    assert refusal.value.code == code
    assert refusal.value.details["field"] == field


def test_a_cap_of_none_and_of_zero_are_two() -> None:
    """C2."""
    for cap in (None, 0, 1, 1_000_000):
        assert Policy(learner_cap=cap).learner_cap == cap
    assert Policy(learner_cap=0) != Policy()


@pytest.mark.parametrize(
    ("trigger", "after", "met"),
    [
        pytest.param(Trigger.INVITE_SENT, False, (0, 100), id="C33 sent"),
        pytest.param(Trigger.INVITE_ACCEPTED, False, (0, 100), id="C33 accepted"),
        pytest.param(Trigger.ENROLLED, False, (0, 100), id="C33 enrolled"),
        pytest.param(Trigger.STARTED, True, (0, 100), id="C33 started"),
        pytest.param(Trigger.progress(10), True, (10, 100), id="C33 ten"),
        pytest.param(Trigger.progress(100), True, (100, 100), id="C33 all"),
    ],
)
def test_by_when_a_trigger_is_met(trigger: Trigger, after: bool, met: tuple[int, int]) -> None:
    first, last = met
    assert trigger.after_enrolment is after
    assert [at for at in range(101) if trigger.met(at)] == list(range(first, last + 1))


@pytest.mark.parametrize(
    ("until", "text", "admits", "not_"),
    [
        pytest.param(Reversible.NEVER, "never", [], [(None, 0 * DAY)], id="C57 never"),
        pytest.param(
            Reversible.STARTED,
            "started",
            [(None, 999 * DAY)],
            [(0, 0 * DAY), (1, DAY)],
            id="C57 start",
        ),
        pytest.param(
            Reversible.progress(10),
            "progress 10",
            [(None, 999 * DAY), (0, DAY), (9, DAY)],
            [(10, 0 * DAY), (100, DAY)],
            id="C57 ten percent",
        ),
        pytest.param(
            Reversible.days(2),
            "days 2",
            [(None, 0 * DAY), (100, 2 * DAY - INSTANT)],
            [(None, 2 * DAY), (None, 3 * DAY)],
            id="P11 C57 two days",
        ),
    ],
)
def test_until_when(until: Reversible, text: str, admits: Any, not_: Any) -> None:
    assert str(until) == text
    assert all(until.admits(*one) for one in admits)
    assert not any(until.admits(*one) for one in not_)


@pytest.mark.parametrize(
    ("rule", "life"),
    [
        pytest.param(ExpiredCredit.FORFEIT, None, id="C59 forfeit"),
        pytest.param(ExpiredCredit.restore(30), 30 * DAY, id="C59 restore"),
        pytest.param(ExpiredCredit.REISSUE, 90 * DAY, id="C59 reissue"),
    ],
)
def test_how_long_what_is_given_lives(rule: ExpiredCredit, life: Any) -> None:
    assert rule.life(90 * DAY) == life
