"""The kernel's setting is shared by all who need it and put back by the last."""

from __future__ import annotations

import pytest

from tests.parts.kernel import Migration


@pytest.fixture
def setting(tmp_path):
    """As Linux has it at first."""
    file = tmp_path / "tcp_migrate_req"
    file.write_text("0\n")
    return file


@pytest.fixture
def make(setting, tmp_path):
    """A user of the setting; what a test leaves is closed."""
    made = []

    def one():
        made.append(Migration(setting, tmp_path / "note"))
        return made[-1]

    yield one
    for each in made:
        each.stop()


def test_the_setting_is_put_back_as_it_was(setting, make, tmp_path):
    one = make()
    one.start()
    assert setting.read_text() == "1\n"
    one.stop()
    assert setting.read_text() == "0\n"
    assert not (tmp_path / "note").exists()


def test_only_the_last_user_puts_it_back(setting, make):
    one, two = make(), make()
    one.start()
    two.start()
    one.stop()
    assert setting.read_text() == "1\n"
    two.stop()
    assert setting.read_text() == "0\n"


def test_a_user_that_was_killed_has_left_what_to_put_back(setting, make, tmp_path):
    (tmp_path / "note").write_text("0\n")
    setting.write_text("1\n")
    one = make()
    one.start()
    one.stop()
    assert setting.read_text() == "0\n"


def test_a_setting_that_is_on_already_stays_on(setting, make):
    setting.write_text("1\n")
    one = make()
    one.start()
    one.stop()
    assert setting.read_text() == "1\n"


def test_where_there_is_no_such_setting_nothing_happens(make, setting, tmp_path):
    setting.unlink()
    one = make()
    one.start()
    one.stop()
    assert not (tmp_path / "note").exists()


def test_starting_twice_is_starting_once(setting, make):
    one = make()
    one.start()
    one.start()
    one.stop()
    assert setting.read_text() == "0\n"
