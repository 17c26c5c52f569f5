"""What a file asks for, and the variables it needs."""

from __future__ import annotations

import pytest

from forge.config.document import read_document, variables
from forge.domain.errors import Invalid


def test_the_variables_of_a_file_are_those_of_its_secrets():
    text = (
        "registries: {r: {url: 'https://r.example', password: {env: A}}}\n"
        "projects: {p: {image: r.example/p, port: 80, environment: {env: NO}, secrets: {S: {env: B}, T: ~},\n"
        "  stages: {dev: {secrets: {U: {env: C}, V: {env: A}}}}}}\n"
    )
    assert variables(text) == ("A", "B", "C")


def test_a_file_without_secrets_names_no_variable():
    assert variables("") == ()


def test_a_stage_may_say_nothing_of_itself():
    document = read_document("projects: {p: {image: r.example/p, port: 80, stages: {dev: }}}")
    assert [stage.value.key for stage in document.projects[0].stages] == ["p/dev"]


def test_a_secret_that_stands_in_the_file_is_not_shown_again():
    with pytest.raises(Invalid) as caught:
        variables("registries: {r: {url: 'https://r.example', password: hunter2}}")
    assert "hunter2" not in caught.value.message + str(caught.value.fields)
