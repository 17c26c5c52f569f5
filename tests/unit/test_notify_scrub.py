"""Nothing of an address is left in what is said."""

from forge.domain.secret import Secret
from forge.notify.scrub import scrubbed
from tests.unit.notifying import KEY, TOKEN


def test_no_part_of_an_address_is_left_in_what_is_said():
    address = Secret(f"slack://user%40x:{TOKEN}@host.example/a/PATH-of-it?key=value1234")
    said = f"host.example said: {TOKEN}, path-of-it, value1234, user\n{address.reveal()}"
    left = scrubbed(said, address)
    assert left.startswith("••• said: •••, •••, •••, •••")
    assert not any(part in left for part in (TOKEN, "path-of-it", "value1234", "host.example", "\n"))


def test_a_key_goes_too_and_ordinary_words_stay():
    said = scrubbed(f"slack says: wrong {KEY}", Secret("slack://abcdef"), Secret(KEY))
    assert said == "slack says: wrong •••"


def test_a_long_answer_is_cut():
    assert len(scrubbed("x" * 1000, Secret("json://host"))) == 300
