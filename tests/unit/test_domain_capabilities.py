"""Which of root's powers an instance may have: Docker's own at most, fewer by default."""

from __future__ import annotations

import pytest

from forge.domain.capabilities import DOCKERS, USUAL, capabilities
from forge.domain.errors import Invalid
from forge.domain.project import Project


def test_names_are_taken_as_people_write_them():
    assert capabilities(["cap_setuid", " CHOWN ", "CAP_CHOWN"]) == ("CHOWN", "SETUID")
    assert capabilities(["none"]) == capabilities([]) == ()
    assert capabilities(USUAL) == USUAL


@pytest.mark.parametrize("name", ["SYS_ADMIN", "ALL", "NET_ADMIN", "SYS_MODULE", "", "CHOWN,KILL"])
def test_more_than_docker_gives_by_itself_is_not_to_be_had(name):
    with pytest.raises(Invalid) as caught:
        Project(name="shop", image="org/shop", port=80, capabilities=(name,))
    assert list(caught.value.fields) == ["capabilities"]


def test_by_default_nothing_that_reaches_beyond_the_instance():
    assert set(DOCKERS) - set(USUAL) == {"AUDIT_WRITE", "MKNOD", "NET_RAW"}
    assert Project(name="shop", image="org/shop", port=80).capabilities == USUAL
