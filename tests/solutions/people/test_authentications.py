"""The storage of the data of authentications."""

from __future__ import annotations

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import Engine, text

from app.errors import StateError, UserError
from app.solutions.content.model import AuthenticationFacts
from app.solutions.people.authentications import (
    AuthenticationDraft,
    read_authentications,
    remove_authentication,
    set_authentication,
)
from app.solutions.people.cipher import Cipher
from app.solutions.people.external_users import create_external_user
from tests.support.authentications import read_data

KEY = Fernet.generate_key().decode()
CIPHER = Cipher(KEY)
DATA = '{"token": "gr\u00fcn"}'
NEW = AuthenticationDraft(None, None, "Slack", "slack", "2.0", "production", ("write", "read", "read"), DATA)


def make(engine: Engine, owner: str | None = None) -> str:
    with engine.begin() as connection:
        return set_authentication(connection, CIPHER, AuthenticationDraft(None, owner, "Slack", "slack", data=DATA))


def test_encrypted_data_is_decrypted_only_with_the_same_key() -> None:
    kept = CIPHER.encrypt(DATA)
    assert DATA.encode() not in kept
    assert CIPHER.encrypt(DATA) != kept
    assert Cipher(KEY).decrypt(kept) == DATA
    with pytest.raises(StateError, match="another key"):
        Cipher(Fernet.generate_key().decode()).decrypt(kept)


def test_without_a_key_the_setting_is_named() -> None:
    for use in (lambda: Cipher().encrypt("x"), lambda: Cipher().decrypt(b"x")):
        with pytest.raises(StateError, match="RELINK_SECRET_KEY"):
            use()


def test_neither_key_nor_data_is_shown() -> None:
    assert KEY not in repr(CIPHER)
    assert DATA not in repr(NEW)


def test_data_is_stored_encrypted(engine: Engine) -> None:
    with engine.begin() as connection:
        authentication = set_authentication(connection, CIPHER, NEW)
        assert read_data(connection, CIPHER, authentication.upper()) == DATA
        kept = connection.execute(text("SELECT data FROM authentication")).scalar_one()
    assert b"token" not in bytes(kept)


def test_authentications_are_read_without_their_data(engine: Engine) -> None:
    with engine.begin() as connection:
        authentication = set_authentication(connection, CIPHER, NEW)
        found = read_authentications(connection)[authentication]
    facts = AuthenticationFacts(authentication, "slack", "2.0", "production", frozenset({"read", "write"}))
    assert (found.facts, found.owner, found.name, found.hidden) == (facts, None, "Slack", False)


def test_absent_fields_keep_their_values(engine: Engine) -> None:
    with engine.begin() as connection:
        authentication = set_authentication(connection, CIPHER, NEW)
        before = read_authentications(connection)
        assert set_authentication(connection, Cipher(), AuthenticationDraft(authentication)) == authentication
        assert read_authentications(connection) == before
        set_authentication(
            connection, CIPHER, AuthenticationDraft(authentication, scopes=(), data='"new"', hidden=True)
        )
        found = read_authentications(connection)[authentication]
        assert (found.facts.scopes, found.hidden, found.name) == (frozenset(), True, "Slack")
        assert read_data(connection, CIPHER, authentication) == '"new"'


def test_authentications_are_found_by_id_by_owner_or_as_those_of_the_builder(engine: Engine) -> None:
    with engine.begin() as connection:
        ann, bob = (create_external_user(connection, name, name) for name in ("ann", "bob"))
    own, anns, bobs = make(engine), make(engine, ann), make(engine, bob)
    with engine.connect() as connection:
        assert list(read_authentications(connection)) == [own]
        assert list(read_authentications(connection, owner=ann)) == [anns]
        assert list(read_authentications(connection, owner="none")) == []
        assert list(read_authentications(connection, ids=[bobs.upper(), own, "none"])) == [own, bobs]
        assert list(read_authentications(connection, ids=[])) == []


def test_a_removed_authentication_is_not_found(engine: Engine) -> None:
    authentication = make(engine)
    with engine.begin() as connection:
        remove_authentication(connection, authentication)
        assert read_authentications(connection) == {}
        with pytest.raises(UserError):
            remove_authentication(connection, authentication)
