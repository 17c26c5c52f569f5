"""Deploys: which status can follow which."""

from __future__ import annotations

import itertools

import pytest

from forge.domain.deploy import ENDED, UNDER_WAY, Deploy, DeployKind, DeployStatus, StepRecord, StepStatus
from forge.domain.errors import Conflict

# Rows: from. Columns: queued running reverting succeeded failed stuck cancelled superseded.
TABLE = """
queued      . x . . . . x x
running     . . x x . . . .
reverting   . . . . x x x .
succeeded   . . . . . . . .
failed      . . . . . . . .
stuck       . . . . . . . .
cancelled   . . . . . . . .
superseded  . . . . . . . .
"""
ALLOWED = {
    (row.split()[0], to.value)
    for row in TABLE.strip().splitlines()
    for mark, to in zip(row.split()[1:], DeployStatus, strict=True)
    if mark == "x"
}


def _deploy(status):
    return Deploy(id=42, project="shop", stage="dev", image="ghcr.io/org/shop", tag="v1", status=status)


@pytest.mark.parametrize(("before", "after"), list(itertools.product(DeployStatus, DeployStatus)))
def test_a_status_follows_only_where_the_table_says_so(before, after):
    deploy = _deploy(before)
    if (before.value, after.value) in ALLOWED:
        assert deploy.to(after, ended=1.0) == Deploy(
            id=42, project="shop", stage="dev", image="ghcr.io/org/shop", tag="v1", status=after, ended=1.0
        )
    else:
        with pytest.raises(Conflict, match=f"Deploy #42 is {before.value}: it cannot become {after.value}"):
            deploy.to(after)
    assert deploy.status is before


def test_every_status_is_waiting_under_way_or_ended_and_what_has_ended_stays():
    assert {DeployStatus.QUEUED} | UNDER_WAY | ENDED == set(DeployStatus)
    assert not UNDER_WAY & ENDED
    assert not {before for before, _ in ALLOWED} & {status.value for status in ENDED}
    assert {after for _, after in ALLOWED} == {status.value for status in DeployStatus} - {"queued"}


def test_only_success_ends_well():
    assert [status for status in DeployStatus if _deploy(status).ended_well] == [DeployStatus.SUCCEEDED]


def test_the_words_are_those_that_are_stored():
    assert [*DeployKind] == ["deploy", "rollback", "promote"]
    assert [*StepStatus] == ["running", "done", "failed", "undone", "undo_failed"]
    assert StepRecord(deploy=1, position=0, name="pull", status=StepStatus.RUNNING, started=1.0).ended is None
