"""One look at a time for each image and tag."""

import gc

from forge.watch.flights import Flights


def test_everybody_who_holds_a_key_has_the_same_flight():
    flights = Flights()
    one = flights.of("shop:1")
    one.landed = 3
    assert flights.of("shop:1") is one
    assert flights.of("shop:2") is not one


def test_a_flight_that_nobody_holds_is_forgotten():
    flights = Flights()
    flights.of("shop:1").landed = 3
    gc.collect()
    assert flights.of("shop:1").landed == 0
