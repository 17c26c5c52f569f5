"""Deploys as they are kept: the queue, the one lock, the journal."""

import threading
from dataclasses import replace

import pytest

from forge.domain.deploy import Deploy, DeployKind, DeployStatus, StepRecord, StepStatus
from forge.domain.errors import NotFound
from forge.domain.instance import InstanceStatus
from forge.domain.project import Health, HealthKind, Volume, VolumeKind
from forge.domain.stage import Strategy, Update, UpdateMode
from forge.domain.tags import parse_pattern
from forge.store.deploys import Configuration
from tests.unit.storing import DIGEST, NOON, OTHER, Clock, add_deploy, dev, instance, open_store, shop


@pytest.fixture
def heard():
    return []


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store(tmp_path, heard, clock):
    made = open_store(tmp_path, heard, clock)
    yield made
    made.database.close()


def begin(store, deploy):
    with store.database.change() as change:
        return store.deploys.begin(change, deploy)


def save(store, deploy):
    with store.database.change() as change:
        store.deploys.save(change, deploy)


def end(store, deploy, status=DeployStatus.SUCCEEDED):
    running = begin(store, deploy)
    if status is not DeployStatus.SUCCEEDED:
        running = running.to(DeployStatus.REVERTING)
    save(store, running.to(status, ended=NOON))


def step(store, deploy, name="start", position=0, *, status=StepStatus.DONE, started=NOON, ended=NOON + 1, note=""):
    record = StepRecord(
        deploy=deploy.id, position=position, name=name, status=status, started=started, ended=ended, note=note
    )
    with store.database.change() as change:
        store.deploys.put_step(change, deploy, record)
    return record


def test_a_deploy_comes_back_as_it_was(store, clock):
    wanted = Deploy(
        id=0, project="shop", stage="dev", image="r.example/acme/shop", tag="v1", digest=DIGEST, slot="v1",
        kind=DeployKind.PROMOTE, strategy=Strategy.IN_PLACE, actor="ann", source=7,
    )  # fmt: skip
    with store.database.change() as change:
        kept = store.deploys.add(change, wanted, Configuration(project=shop(), stage=dev()))
    assert kept == replace(wanted, id=1, created=clock.now)
    assert store.deploys.get(1) == kept
    with pytest.raises(NotFound, match="no deploy #2"):
        store.deploys.get(2)


def test_the_whole_configuration_comes_back(store):
    project = shop(
        health=Health(kind=HealthKind.HTTP, path="/up", timeout=3), environment={"A": "ü"}, secrets=("KEY",),
        volumes=(Volume(kind=VolumeKind.NAMED, path="/data", source="data", exclusive=True),), labels={"a": "b"},
        aliases=("x",), active=False,
    )  # fmt: skip
    stage = dev(
        pattern=parse_pattern("semver:^1"), update=Update(mode=UpdateMode.WINDOW, window="mon-fri 02:00-05:00"),
        environment={"B": "1"}, keep=9, publish=8080,
    )  # fmt: skip
    configuration = Configuration(project=project, stage=stage)
    with store.database.change() as change:
        deploy = Deploy(id=0, project="shop", stage="dev", image="i", tag="v1")
        kept = store.deploys.add(change, deploy, configuration)
    assert store.deploys.configuration(kept.id) == configuration
    with pytest.raises(NotFound):
        store.deploys.configuration(99)


def test_only_an_older_one_queued_for_the_same_slot_is_superseded(store, heard):
    running = begin(store, add_deploy(store))
    waits = add_deploy(store, tag="v2")
    others = [add_deploy(store, stage="rel"), add_deploy(store, project="cart"), add_deploy(store, slot="v9")]
    newer = add_deploy(store, tag="v3")
    gone = store.deploys.get(waits.id)
    assert (gone.status, gone.failure) == ("superseded", f"Superseded by deploy #{newer.id}")
    assert [d.id for d in store.deploys.queued()] == [*(d.id for d in others), newer.id]
    assert store.deploys.get(running.id).status is DeployStatus.RUNNING
    assert ("superseded", waits.id) in {(e.payload["status"], e.payload["id"]) for e in heard}


def test_one_deploy_is_under_way_per_stage_however_many_begin(store):
    deploys = [add_deploy(store, slot=str(number)) for number in range(8)]
    begun = []
    threads = [threading.Thread(target=lambda d=d: begun.append(begin(store, d))) for d in deploys]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([deploy for deploy in begun if deploy is not None]) == 1
    assert len(store.deploys.under_way()) == 1
    assert begin(store, add_deploy(store, stage="rel")) is not None


def test_while_one_is_taken_back_no_other_begins(store):
    first = begin(store, add_deploy(store))
    second = add_deploy(store)
    save(store, first.to(DeployStatus.REVERTING))
    assert begin(store, second) is None
    save(store, first.to(DeployStatus.REVERTING).to(DeployStatus.FAILED))
    assert begin(store, second).started is not None


def test_what_is_not_queued_any_more_does_not_begin(store):
    old = add_deploy(store)
    add_deploy(store, tag="v2")
    assert begin(store, old) is None


def test_saving_never_takes_back_that_cancelling_was_asked_for(store):
    running = begin(store, add_deploy(store))
    with store.database.change() as change:
        store.deploys.ask_cancel(change, running.id)
    save(store, replace(running, digest=DIGEST))
    assert store.deploys.cancel_asked(running.id)
    assert store.deploys.get(running.id).cancel_asked
    assert not store.deploys.cancel_asked(99)


def test_a_status_is_told_once_on_the_board_and_on_the_deploys_own_topic(store, heard):
    deploy = begin(store, add_deploy(store))
    heard.clear()
    save(store, replace(deploy, digest=DIGEST))
    assert heard == []
    save(store, deploy.to(DeployStatus.SUCCEEDED, ended=NOON))
    assert [(e.topic, e.type, e.payload["status"]) for e in heard] == [
        ("state", "deploy_status", "succeeded"),
        ("deploy:1", "deploy_status", "succeeded"),
    ]


def test_pages_are_newest_first_filtered_and_without_gap(store):
    for number in range(7):
        add_deploy(store, stage="dev" if number % 2 else "rel", slot=str(number))
    end(store, store.deploys.get(2))
    seen, before = [], None
    while page := store.deploys.page(before=before, limit=2):
        seen += [d.id for d in page]
        before = page[-1].id
    assert seen == [7, 6, 5, 4, 3, 2, 1]
    assert [d.id for d in store.deploys.page(project="shop", stage="dev")] == [6, 4, 2]
    assert [d.id for d in store.deploys.page(status=(DeployStatus.SUCCEEDED, DeployStatus.FAILED))] == [2]
    assert store.deploys.page(project="cart") == []


def test_the_newest_of_each_stage(store):
    for number, (project, name) in enumerate([("shop", "dev"), ("shop", "dev"), ("shop", "rel"), ("blog", "dev")]):
        add_deploy(store, project=project, stage=name, tag=f"dev-{number}")
    assert {(one.project, one.stage, one.tag) for one in store.deploys.newest()} == {
        ("shop", "dev", "dev-1"), ("shop", "rel", "dev-2"), ("blog", "dev", "dev-3"),
    }  # fmt: skip
    assert [one.tag for one in store.deploys.newest("blog")] == ["dev-3"]


def test_the_journal_is_in_order_and_a_step_is_written_over(store, heard):
    deploy = add_deploy(store)
    last = step(store, deploy, "start", 1)
    step(store, deploy, "create", 0, status=StepStatus.RUNNING, ended=None)
    done = step(store, deploy, "create", 0, note="made")
    assert store.deploys.steps(deploy.id) == [done, last]
    assert heard[-1].payload["note"] == "made"


def test_last_words_and_lines_of_the_log(store, heard):
    deploy = add_deploy(store)
    assert store.deploys.last_words(deploy.id) is None
    assert store.deploys.last_words(99) is None
    with store.database.change() as change:
        store.deploys.keep_last_words(change, deploy.id, {"exit_code": 3, "lines": [{"text": "ü"}]})
        store.deploys.log(change, deploy, "a line", "output")
    assert store.deploys.last_words(deploy.id) == {"exit_code": 3, "lines": [{"text": "ü"}]}
    assert (heard[-1].topic, heard[-1].payload["level"], heard[-1].payload["at"]) == ("deploy:1", "output", NOON)


def test_quarantine_is_by_digest_and_stage_and_can_be_ended(store):
    deploy = add_deploy(store, digest=DIGEST)
    with store.database.change() as change:
        store.deploys.quarantine(change, deploy, "It crashed")
        store.deploys.quarantine(change, deploy, "It crashed again")
    kept = store.deploys.quarantined("shop", "dev", DIGEST)
    assert (kept.deploy, kept.reason, kept.at) == (deploy.id, "It crashed again", NOON)
    assert store.deploys.quarantined("shop", "rel", DIGEST) is None
    assert store.deploys.quarantined("shop", "dev", OTHER) is None
    with store.database.change() as change:
        store.deploys.release(change, "shop", "dev", DIGEST)
    assert store.deploys.quarantined("shop", "dev", DIGEST) is None


def test_what_can_be_rolled_back_to_is_what_went_live_the_newest_first(store):
    for number, status in enumerate((DeployStatus.SUCCEEDED, DeployStatus.FAILED, DeployStatus.SUCCEEDED)):
        end(store, add_deploy(store, tag=f"v{number}"), status)
    add_deploy(store, tag="waits")
    assert [d.tag for d in store.deploys.succeeded("shop", "dev", 9)] == ["v2", "v0"]
    assert [d.tag for d in store.deploys.succeeded("shop", "dev", 1)] == ["v2"]


def test_ended_deploys_below_a_number_are_found_and_no_others(store):
    end(store, add_deploy(store))
    end(store, add_deploy(store), DeployStatus.FAILED)
    begin(store, add_deploy(store))
    end(store, add_deploy(store, stage="rel"))
    add_deploy(store)
    assert store.deploys.ended_before("shop", "dev", 99) == [1, 2]
    assert store.deploys.ended_before("shop", "dev", 2) == [1]


def test_digests_are_all_that_were_ever_asked_for(store):
    for digest in (DIGEST, DIGEST, OTHER, ""):
        add_deploy(store, digest=digest)
    add_deploy(store, project="cart", digest="sha256:" + "c" * 64)
    assert store.deploys.digests("shop") == {DIGEST, OTHER}


def test_images_are_said_by_the_tag_they_were_asked_for_by_last(store):
    add_deploy(store, digest=DIGEST, tag="v1")
    add_deploy(store, digest=OTHER, tag="v2", stage="rel")
    add_deploy(store, digest=DIGEST, tag="latest")
    add_deploy(store, digest="", tag="v3")
    found = [(one.digest, one.tag) for one in store.deploys.images("shop")]
    assert found == [(DIGEST, "latest"), (OTHER, "v2")]
    assert [one.tag for one in store.deploys.images("shop", "rel")] == ["v2"]
    assert store.deploys.images("cart") == []


def test_durations_are_of_steps_that_ended_well_the_newest_first(store):
    for number, took in enumerate((5, 7, 9)):
        deploy = add_deploy(store, slot=str(number))
        failed = StepStatus.FAILED if took == 7 else StepStatus.DONE
        step(store, deploy, "wait until healthy", status=failed, ended=NOON + took)
    step(store, add_deploy(store, project="cart"), "wait until healthy", ended=NOON + 99)
    assert store.deploys.durations("shop", "wait until healthy") == [9, 5]
    assert store.deploys.durations("shop", "wait until healthy", limit=1) == [9]
    assert store.deploys.durations("shop", "pull") == []


def test_a_step_during_which_the_clock_was_set_says_nothing_of_how_long_it_took(store):
    for number, took in enumerate((5, -3600, 10 * 365 * 86400)):
        step(store, add_deploy(store, slot=str(number)), "wait until healthy", ended=NOON + took)
    assert store.deploys.durations("shop", "wait until healthy") == [5]


def test_the_newest_of_each_stage_that_went_well_and_that_did_not_stay_and_what_something_runs_from(store):
    for status in (*[DeployStatus.SUCCEEDED] * 4, *[DeployStatus.FAILED] * 4):
        deploy = add_deploy(store)
        step(store, deploy)
        end(store, deploy, status)
    other, queued = add_deploy(store, stage="rel"), add_deploy(store)
    end(store, other)
    with store.database.change() as change:
        store.instances.put(change, instance(deploy=1))
        store.instances.put(change, instance(id="b2c3d4", deploy=2, status=InstanceStatus.REMOVED))
        assert sorted(store.deploys.thin(change, 2)) == [2, 5, 6, 7]
        assert store.deploys.thin(change, 2) == []
    assert [one.id for one in store.deploys.page()] == [queued.id, other.id, 8, 4, 3, 1]
    assert (store.deploys.steps(2), len(store.deploys.steps(1))) == ([], 1)
