"""A stranger: what a list shows, and no secret of it."""

from forge.domain.secret import Secret
from forge.domain.stranger import Stranger, StrangerFacts

SHOP = Stranger(id="a" * 64, name="shop", image="shop:1", status="running", created=1)


def test_it_runs_while_the_engine_says_so():
    assert SHOP.running
    assert not Stranger(id="a", name="shop", image="shop:1", status="exited", created=1).running


def test_printing_all_of_it_shows_no_value_of_its_environment():
    facts = StrangerFacts(stranger=SHOP, image_id="sha256:1", environment={"TOKEN": Secret("p1anted")})
    assert "TOKEN" in repr(facts)
    assert "p1anted" not in repr(facts)
