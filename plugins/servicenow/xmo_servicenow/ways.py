"""The ways to log in, and which options make one. Imports nothing heavy: it is asked whenever the config is read."""

from collections.abc import Mapping

CLIENT = frozenset({"client_id", "client_secret"})
PERSON = frozenset({"username", "password"})
GRANTS: Mapping[frozenset[str], str] = {
    CLIENT: "client_credentials",
    CLIENT | PERSON: "password",
    CLIENT | {"refresh_token"}: "refresh_token",
}
LOG_INS = frozenset({"token", "api_key", "refresh_token"}) | CLIENT | PERSON
_ALONE = ("token", "api_key")
_WAYS = (
    "username and password; token; api_key; client_id and client_secret alone, with username and password, "
    "or with refresh_token"
)


def mistake(named: frozenset[str]) -> tuple[str, str] | None:
    """Return what is wrong with these options of a log-in, after the one to point at; None where they make one way."""
    if named == PERSON or named in GRANTS or (len(named) == 1 and not named.isdisjoint(_ALONE)):
        return None
    if not named:
        return "username", f"Say how to log in: {_WAYS}."
    if alone := next((name for name in _ALONE if name in named), None):
        return alone, f"Logs in alone: leave out {', '.join(sorted(named - {alone}))}, or {alone}."
    for pair in (CLIENT, PERSON):
        if len(named & pair) == 1:
            (there,), (absent,) = named & pair, pair - named
            return absent, f"Is missing: {there} logs in with {absent}."
    if "refresh_token" in named and not named >= CLIENT:
        return "client_id", "Is missing: refresh_token logs in with client_id and client_secret."
    return "refresh_token", "Log in one way: leave out refresh_token, or username and password."
