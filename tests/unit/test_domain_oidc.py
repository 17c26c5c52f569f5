"""What a provider of OpenID Connect is, and what its groups may."""

import pytest

from forge.domain.errors import Invalid
from forge.domain.oidc import Group, Oidc, Rights, claim_in, groups_in, name_of
from forge.domain.person import Role


def oidc(**more):
    return Oidc(**{"issuer": "https://id.example.org", "client_id": "forge", **more})


@pytest.mark.parametrize(
    "issuer",
    [
        "https://id.example.org",
        "https://id.example.org/",
        "https://id.example.org:8443/realms/main",
        "http://localhost:9000",
        "http://127.0.0.1:9000/x",
        "http://[::1]:9000",
    ],
)
def test_an_issuer_is_https_or_on_this_machine(issuer):
    assert oidc(issuer=issuer).issuer == issuer


@pytest.mark.parametrize(
    "issuer",
    [
        "", "id.example.org", "ftp://id.example.org", "http://id.example.org", "http://127.0.0.1.example.org",
        "https://ada:secret@id.example.org", "https://id.example.org?x=1", "https://id.example.org#x",
        "https://id.example.org?", "https://", "https://id.example.org:x", "https://id.example org", "https://id\\x",
        "https://id.example.org\n", "https://idé.example.org",
    ],
)  # fmt: skip
def test_anything_else_is_none(issuer):
    with pytest.raises(Invalid) as refused:
        oidc(issuer=issuer)
    assert "issuer" in refused.value.fields


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("client_id", " "), ("label", ""), ("label", "x" * 201), ("scopes", ("profile",)),
        ("scopes", ("openid", "a b")),
        ("name_claim", ""), ("groups_claim", "a b"), ("others", "owner"), ("others", "admin"),
        ("groups", (Group(group="a", role="viewer"), Group(group="a", role="admin"))),
        ("groups", tuple(Group(group=f"g{number}", role="viewer") for number in range(201))),
        ("ca", "no certificate"), ("session_lasts", 299.0), ("session_lasts", float("nan")),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(field, value):
    with pytest.raises(Invalid):
        oidc(**{field: value})


@pytest.mark.parametrize(
    "given", [{"group": "", "role": "viewer"}, {"group": "a", "role": "owner"}, {"group": "a\n", "role": "viewer"},
              {"group": "a", "role": "admin", "projects": ("shop",)}],
)  # fmt: skip
def test_a_group_has_a_name_and_a_role(given):
    with pytest.raises(Invalid):
        Group(**given)


MAPPED = (
    Group(group="all", role="viewer"),
    Group(group="shop", role="deployer", projects=("shop",)),
    Group(group="blog", role="deployer", projects=("blog",)),
    Group(group="web", role="deployer"),
    Group(group="ops", role="admin"),
)


@pytest.mark.parametrize(
    ("groups", "role", "projects"),
    [
        (("all",), Role.VIEWER, None),
        (("all", "shop"), Role.DEPLOYER, {"shop"}),
        (("shop", "blog"), Role.DEPLOYER, {"shop", "blog"}),
        (("shop", "web"), Role.DEPLOYER, None),
        (("ops", "shop", "other"), Role.ADMIN, None),
    ],
)
def test_the_highest_role_counts_with_the_projects_of_its_groups(groups, role, projects):
    found = oidc(groups=MAPPED).rights(groups)
    assert found == Rights(role, None if projects is None else frozenset(projects))


def test_who_is_in_no_group_is_refused_unless_others_have_a_role():
    assert oidc(groups=MAPPED).rights(("OPS", "elsewhere")) is None
    assert oidc(groups=MAPPED, others="viewer").rights(()) == Rights(Role.VIEWER, None)


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("ada", "ada"), ("Ada Lovelace", "ada-lovelace"), ("ada@example.org", "ada@example.org"), ("José", "jose"),
        ("DOMAIN\\ada", "domain-ada"), (" .ada- ", "ada"), ("x" * 100, "x" * 64),
    ],
)  # fmt: skip
def test_people_are_called_here_as_there_as_far_as_can_be(said, name):
    assert name_of(said) == name


@pytest.mark.parametrize("said", ["", None, 7, "Ада", "admin", "Forge", "---"])
def test_what_names_nobody_is_refused(said):
    with pytest.raises(Invalid):
        name_of(said)


@pytest.mark.parametrize(
    ("claims", "groups"),
    [
        ({}, None),
        ({"groups": []}, ()),
        ({"groups": ["a", 7, "b"]}, ("a", "b")),
        ({"groups": "a"}, ("a",)),
        ({"groups": {"a": {}, "b": {}}}, ("a", "b")),
        ({"groups": 7}, ()),
    ],
)
def test_groups_are_read_as_providers_write_them(claims, groups):
    assert groups_in(claims, "groups") == groups


def test_a_claim_may_be_within_another():
    claims = {"realm_access": {"roles": ["ops"]}, "a.b": "whole"}
    assert groups_in(claims, "realm_access.roles") == ("ops",)
    assert claim_in(claims, "a.b") == "whole"
    assert claim_in(claims, "realm_access.roles.none") is None


def test_projects_that_are_not_there_are_told():
    with pytest.raises(Invalid) as refused:
        oidc(groups=MAPPED).check_projects({"shop"})
    assert refused.value.message == "There is no project blog"
