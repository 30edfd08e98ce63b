"""What sessions, accounts and tokens promise: only hashes are kept, guessing is braked, changes are in the log."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from gateway.core.errors import Refused
from gateway.core.words import EventName
from gateway.people import PARTY, Scope, StaffRole
from tests.support.storage import REFERENCE

PASSWORD = "correct paard batterij"


def _everything(kept):
    with kept.database.engine.connect() as connection:
        tables = ("session", "account", "token", "ledger_entry")
        return repr([connection.execute(text(f"SELECT * FROM {table}")).all() for table in tables])  # noqa: S608


def test_a_session_is_known_by_its_secret_until_it_runs_out(kept):
    secret = kept.people.begin(PARTY, REFERENCE, minutes=60)
    found = kept.people.session(secret)
    assert (found.kind, found.subject) == (PARTY, REFERENCE)
    assert kept.people.session(secret + "x") is None
    kept.clock.forward(minutes=60)
    assert kept.people.session(secret) is not None
    kept.clock.forward(seconds=1)
    assert kept.people.session(secret) is None


def test_who_signs_out_is_out_and_others_are_not(kept):
    first, second = (kept.people.begin(PARTY, REFERENCE, minutes=60) for _ in range(2))
    kept.people.end(first)
    assert kept.people.session(first) is None
    assert kept.people.session(second) is not None
    assert kept.people.session(second).csrf


def test_sessions_that_ran_out_are_forgotten(kept):
    kept.people.begin(PARTY, REFERENCE, minutes=1)
    kept.clock.forward(minutes=2)
    kept.people.begin(PARTY, REFERENCE, minutes=1)
    with kept.database.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM session")).scalar() == 1


def test_guessing_is_braked_for_that_subject_and_for_that_time(kept):
    for _ in range(3):
        assert not kept.people.braked(REFERENCE, limit=3, minutes=15)
        kept.people.failed(REFERENCE)
    assert kept.people.braked(REFERENCE, limit=3, minutes=15)
    assert not kept.people.braked("HV-2", limit=3, minutes=15)
    kept.clock.forward(minutes=16)
    assert not kept.people.braked(REFERENCE, limit=3, minutes=15)


def test_an_account_signs_in_with_its_password_only(kept):
    kept.people.add_account("j.jansen", StaffRole.CASEWORKER, PASSWORD)
    assert kept.people.sign_in("j.jansen", PASSWORD) is StaffRole.CASEWORKER
    assert kept.people.sign_in("j.jansen", PASSWORD.upper()) is None
    assert kept.people.sign_in("p.pietersen", PASSWORD) is None
    kept.people.add_account("j.jansen", StaffRole.AUDITOR, "een heel ander wachtwoord")
    assert kept.people.sign_in("j.jansen", PASSWORD) is None
    assert kept.people.sign_in("j.jansen", "een heel ander wachtwoord") is StaffRole.AUDITOR
    assert [e.name for e in kept.queries.timeline("j.jansen")] == [EventName.ACCOUNT_CHANGED] * 2


@pytest.mark.parametrize(("name", "password"), [("j.jansen", "kort"), ("  ", PASSWORD)])
def test_a_short_password_or_an_empty_name_is_refused(kept, name, password):
    with pytest.raises(Refused):
        kept.people.add_account(name, StaffRole.CASEWORKER, password)
    assert kept.queries.timeline(name) == ()


def test_a_token_opens_what_it_was_made_for_until_it_is_revoked(kept):
    secret = kept.people.make_token("zaaksysteem", (Scope.READ_REQUESTS,))
    assert kept.people.scopes(secret) == ("zaaksysteem", frozenset({Scope.READ_REQUESTS}))
    assert kept.people.scopes(secret + "x") is None
    with pytest.raises(Refused):
        kept.people.make_token("zaaksysteem", ())
    kept.people.revoke_token("zaaksysteem")
    assert kept.people.scopes(secret) is None
    assert [token.revoked for token in kept.people.tokens()] == [True]
    with pytest.raises(Refused):
        kept.people.revoke_token("onbekend")
    assert len(kept.queries.timeline("zaaksysteem")) == 2


def test_of_many_that_make_a_token_of_one_name_one_gets_it(kept):
    def attempt(_):
        try:
            return kept.people.make_token("zaaksysteem", ())
        except Refused:
            return None

    with ThreadPoolExecutor(6) as pool:
        made = [secret for secret in pool.map(attempt, range(6)) if secret]
    assert len(made) == 1
    assert kept.people.scopes(made[0]) is not None


def test_no_secret_is_kept_as_it_is(kept):
    secret = kept.people.begin(PARTY, REFERENCE, minutes=60)
    token = kept.people.make_token("zaaksysteem", ())
    kept.people.add_account("j.jansen", StaffRole.CASEWORKER, PASSWORD)
    everything = _everything(kept)
    assert "zaaksysteem" in everything
    for word in (secret, token, token.removeprefix("hp_"), PASSWORD):
        assert word not in everything
