"""The config: every mistake told at once, with its line, and no secret in the file or on the screen."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from marshmallow import Schema, ValidationError, fields, post_load

from xmo_core import config, secrets
from xmo_core.config import Config, Mistakes, read
from xmo_core.options import Duration, HttpOptions, LogOptions
from xmo_core.places import Places
from xmo_core.registry import Broken, Registry, load
from xmo_core.secrets import Secret, redact
from xmo_core.template import starter
from xmo_hooks import ChannelKind, ConfigError, Kind, Section, Site, hookimpl

LIMITS = {"/export": 10, "/users": 100}
KEY = "0123456789abcdef0123456789abcdef"
ENVIRON = {"CORP_PASSWORD": "correct-horse-battery", "CORP_URL": "https://acme.example/"}
SITE = '[site]\nname = "Northwind IT"\nkey = { file = "xmo.key" }\n'
ACME = '[sources.corp]\nkind = "acme"\nurl = "https://acme.example"\nusername = "xmo"\n'
CORP = ACME + 'password = { env = "CORP_PASSWORD" }\n'
POST = '[channels.letters]\nkind = "post"\nurl = "https://post.example"\n'

Read = Callable[..., Config]


@dataclass(frozen=True)
class Survey:
    quiet_period: timedelta
    mail: Mapping[str, Any] | None = None


class MailSchema(Schema):
    sender = fields.String(required=True)


class SurveySchema(Schema):
    quiet_period = Duration(load_default=timedelta(days=14))
    mail = fields.Nested(MailSchema)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Survey:
        if data["quiet_period"] > timedelta(days=365):
            raise ValueError("nobody would ever be asked")
        return Survey(**data)


class AcmeSchema(Schema):
    url = fields.Url(required=True, require_tld=False)
    username = fields.String(required=True)
    password = fields.Raw()
    tables = fields.List(fields.String(), load_default=["incident"])
    page_size = fields.Integer(data_key="page")


class PostSchema(Schema):
    url = fields.String(required=True)
    token = fields.Raw()


def _acme() -> ModuleType:
    module = ModuleType("acme")
    vars(module)["xmo_sources"] = hookimpl(
        lambda: [Kind(name="acme", schema=AcmeSchema, make=lambda *_: None, requests_per_minute=600, limits=LIMITS)]  # type: ignore[arg-type]
    )
    vars(module)["xmo_channels"] = hookimpl(
        lambda: [ChannelKind(name="post", schema=PostSchema, make=lambda *_: None, requests_per_minute=60)]  # type: ignore[arg-type]
    )
    vars(module)["xmo_sections"] = hookimpl(lambda: [Section(name="survey", type=Survey, schema=SurveySchema)])
    return module


@pytest.fixture(autouse=True)
def _nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "_known", {})


@pytest.fixture
def registry() -> Registry:
    made = Registry()
    made.add("acme", _acme())
    return made


@pytest.fixture
def reading(tmp_path: Path, registry: Registry) -> Read:
    """Write a config with a good `[site]` before the given text, and read it."""
    (tmp_path / "xmo.key").write_text(KEY + "\n", encoding="utf-8")

    def one(text: str = "", *, site: str = SITE, environ: Mapping[str, str] = ENVIRON) -> Config:
        (tmp_path / "xmo.toml").write_text(site + text, encoding="utf-8")
        return read(tmp_path / "xmo.toml", registry, environ)

    return one


def mistakes(reading: Read, text: str, **kwargs: Any) -> list[str]:
    with pytest.raises(Mistakes) as caught:
        reading(text, **kwargs)
    assert str(caught.value).splitlines() == list(caught.value.mistakes)
    return [line.partition("xmo.toml")[2] for line in caught.value.mistakes]


# What is read


def test_a_channel_is_read_with_whose_questions_it_carries(reading: Read) -> None:
    other = CORP.replace("corp", "branch")
    got = reading(CORP + other + POST + 'token = { env = "CORP_PASSWORD" }\nsources = ["branch"]\n')
    letters = got.channels["letters"]
    assert (letters.kind.name, letters.requests_per_minute, letters.sources) == ("post", 60, ("branch",))
    assert letters.options["token"] == Secret("correct-horse-battery")
    assert (got.channels_of("branch"), got.channels_of("corp")) == (["letters"], [])
    assert (got.asks("branch"), got.asks("corp")) == (True, False)


def test_a_channel_carries_the_questions_of_all_sources_unless_it_names_some(reading: Read) -> None:
    second = POST.replace("letters", "more")
    got = reading(CORP + POST + second)
    assert got.channels_of("corp") == ["letters", "more"]


def test_a_channel_that_is_not_enabled_is_not_there_and_may_name_no_address(reading: Read) -> None:
    assert reading(CORP + '[channels.letters]\nkind = "post"\nenabled = false\n').channels == {}


def test_a_channel_may_name_a_source_that_is_not_enabled(reading: Read) -> None:
    got = reading(CORP + "enabled = false\n" + POST + 'sources = ["corp"]\n')
    assert got.channels["letters"].sources == ()


def test_the_smallest_config_has_every_default(reading: Read, tmp_path: Path) -> None:
    got = reading()
    assert (got.site.name, got.site.url, got.site.answer_within) == (
        "Northwind IT",
        "http://127.0.0.1:8080",
        timedelta(days=14),
    )
    assert got.site.key.reveal() == KEY
    assert got.store_url == f"sqlite:///{tmp_path / 'xmo.db'}"
    assert got.http == HttpOptions()
    assert got.http.timeout == timedelta(seconds=70)
    assert got.log == LogOptions()
    assert got.sources == {}
    assert got.settings.get(Site) == Site(name="Northwind IT", url="http://127.0.0.1:8080")
    assert got.settings.get(Survey).quiet_period == timedelta(days=14)


def test_a_whole_config_is_read(reading: Read, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("", encoding="utf-8")
    got = reading(
        CORP
        + 'tables = ["problem"]\nrequests_per_minute = 60\nlimits = { "/export" = 30 }\n'
        + '[sources.plain]\nkind = "acme"\nurl = { env = "CORP_URL" }\nusername = "xmo"\n'
        + '[survey]\nquiet_period = "36h"\nmail = { sender = "xmo@acme.example" }\n'
        + '[http]\nproxy = "http://proxy:3128"\nca_bundle = "ca.pem"\ntimeout = "90s"\nmax_wait = "0s"\n'
        + '[log]\nformat = "json"\nlevel = "debug"\n'
    )
    corp, plain = got.sources["corp"], got.sources["plain"]
    assert list(got.sources) == ["corp", "plain"]
    assert (corp.kind.name, corp.options["url"]) == ("acme", "https://acme.example")
    assert corp.options["tables"] == ["problem"]
    assert corp.options["password"] == Secret("correct-horse-battery")
    assert (corp.requests_per_minute, plain.requests_per_minute) == (60, 600)
    assert (corp.limits, plain.limits) == ({"/export": 30, "/users": 100}, LIMITS)
    assert plain.options["url"] == "https://acme.example/"
    assert got.settings.get(Survey).quiet_period == timedelta(hours=36)
    assert got.http.ca_bundle == tmp_path / "ca.pem"
    assert (got.http.timeout, got.http.max_wait) == (timedelta(seconds=90), timedelta(0))
    assert got.log == LogOptions(format="json", level="debug")


def test_the_site_has_an_address_without_a_slash_and_a_key_of_32_characters(reading: Read) -> None:
    site = '[site]\nname = "N"\nurl = "https://xmo.example/"\nkey = { env = "KEY" }\n'
    assert reading(site=site, environ={"KEY": KEY}).site.url == "https://xmo.example"
    with pytest.raises(Mistakes, match="at least 32 characters"):
        reading(site=site, environ={"KEY": KEY[1:]})


def test_a_source_that_is_switched_off_is_neither_checked_nor_used(reading: Read) -> None:
    got = reading('[sources.old]\nkind = "gone"\nenabled = false\npassword = { env = "NOT_SET" }\n' + CORP)
    assert list(got.sources) == ["corp"]


def test_settings_of_a_plugin_that_is_not_there_are_a_mistake_in_words(reading: Read) -> None:
    with pytest.raises(ConfigError, match="No section of the config loads to Kind"):
        reading().settings.get(Kind)


def test_equal_settings_look_equal_so_that_a_change_of_rules_can_be_seen(reading: Read) -> None:
    one, same, other = reading(), reading(), reading('[survey]\nquiet_period = "1d"\n')
    assert repr(one.settings) == repr(same.settings) != repr(other.settings)


@pytest.mark.parametrize(
    ("url", "becomes"),
    [
        ("sqlite:///data/xmo.db", "sqlite:///{folder}/data/xmo.db"),
        ("sqlite:////var/lib/xmo.db", "sqlite:////var/lib/xmo.db"),
        ("postgresql+psycopg://xmo:secret-of-store@db/xmo", "postgresql+psycopg://xmo:secret-of-store@db/xmo"),
        ("sqlite:///:memory:", "sqlite:///:memory:"),
        ("postgresql+psycopg:///xmo?host=/run", "postgresql+psycopg:///xmo?host=/run"),
    ],
)
def test_the_store_lies_beside_the_config_or_where_its_url_says(
    reading: Read, tmp_path: Path, url: str, becomes: str
) -> None:
    got = reading(f'[store]\nurl = "{url}"\n')
    assert got.store_url == becomes.format(folder=tmp_path)
    assert "secret-of-store" not in repr(got)
    assert "secret-of-store" not in redact(f"FATAL: {got.store_url}")


@pytest.mark.parametrize("url", ["postgresql://db/xmo", "postgres://db/xmo", "mysql://db/xmo", "xmo.db"])
def test_another_database_is_refused_with_the_right_word(reading: Read, url: str) -> None:
    [mistake] = mistakes(reading, f'[store]\nurl = "{url}"\n')
    assert mistake.startswith(":5 store.url: Write ")
    assert "postgresql+psycopg://" in mistake


@given(number=st.integers(0, 999_999), unit=st.sampled_from("dhms"))
def test_a_length_of_time_is_a_number_and_its_unit(number: int, unit: str) -> None:
    seconds = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}[unit]
    assert Duration().deserialize(f"{number}{unit}") == timedelta(seconds=number * seconds)


@given(st.one_of(st.integers(), st.booleans(), st.text().filter(lambda text: text[-1:] not in tuple("dhms"))))
def test_anything_else_is_not(value: Any) -> None:
    with pytest.raises(ValidationError, match="14d"):
        Duration().deserialize(value)


# Mistakes


def test_every_mistake_is_told_at_once_with_its_line_and_the_nearest_right_name(reading: Read) -> None:
    text = """
[sources.corp]
kind = "acme"
url = "https://acme.example"
usrname = "xmo"
password = { env = "NOT_SET" }
tables = "incident"
paeg = 5
requests_per_minut = 4

[survey]
quiet_perod = "14d"
mail = { sendr = "x" }

[surveys]
[log]
level = "loud"
"""
    assert mistakes(reading, text) == [
        ":5 sources.corp.username: is missing.",
        ':8 sources.corp.usrname: there is no such option (did you mean "username"?).',
        ":9 sources.corp.password: the environment variable NOT_SET is not set.",
        ":10 sources.corp.tables: Not a valid list.",
        ':11 sources.corp.paeg: there is no such option (did you mean "page"?).',
        ':12 sources.corp.requests_per_minut: there is no such option (did you mean "requests_per_minute"?).',
        ':15 survey.quiet_perod: there is no such option (did you mean "quiet_period"?).',
        ":16 survey.mail.sender: is missing.",
        ':16 survey.mail.sendr: there is no such option (did you mean "sender"?).',
        ':18 surveys: no plugin has such a section (did you mean "survey"?).',
        ":20 log.level: Must be one of: debug, info, warning, error.",
    ]


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        (
            '[sources.corp]\nkind = "acne"\n',
            ':5 sources.corp.kind: no plugin has the kind "acne" (did you mean "acme"?).',
        ),
        ("[sources.corp]\n", ":4 sources.corp.kind: say which kind of source this is: acme."),
        ("[channels.letters]\n", ":4 channels.letters.kind: say which kind of channel this is: post."),
        ("[channels]\nletters = 5\n", ":4 channels: give each channel a name and a table of its own: [channels.NAME]."),
        (
            POST + 'tokn = "x"\n',
            ':7 channels.letters.tokn: there is no such option (did you mean "token"?).',
        ),
        (
            POST + 'token = "plain"\n',
            ':7 channels.letters.token: is a secret: write { env = "NAME" } or { file = "NAME" } in place of its ',
        ),
        (
            CORP + POST + 'sources = ["crop"]\n',
            ':12 channels.letters.sources: there is no source "crop" (did you mean "corp"?).',
        ),
        (CORP + POST + "sources = []\n", ":12 channels.letters.sources: Shorter than minimum length 1."),
        (
            CORP + POST.replace("letters", "corp"),
            ":9 channels.corp: a source has this name: give the channel one of its own.",
        ),
        ("[sources]\ncorp = 5\n", ":4 sources: give each source a name and a table of its own: [sources.NAME]."),
        ('survey = "x"\n', ":4 site.survey: there is no such option."),
        (CORP + 'enabled = "no"\n', ":9 sources.corp.enabled: Not a valid boolean."),
        (
            CORP + "requests_per_minute = 0\n",
            ":9 sources.corp.requests_per_minute: Must be greater than or equal to 1.",
        ),
        (
            CORP + 'limits = { "/exports" = 30 }\n',
            ':9 sources.corp.limits./exports: has no limit of its own (did you mean "/export"?).',
        ),
        (CORP + 'limits = { "/export" = "30" }\n', ":9 sources.corp.limits./export.value: Not a valid integer."),
        ('[survey]\nquiet_period = "400d"\n', ":4 survey: nobody would ever be asked."),
        ('[http]\nca_bundle = "no.pem"\n', ":5 http.ca_bundle: There is no file "),
        ("[http]\nca_bundle = 5\n", ":5 http.ca_bundle: Not a path: write the name of a file in quotes."),
        ('[http]\ntimeout = "0s"\n', ":5 http.timeout: Must be greater than or equal to 0:00:01."),
    ],
)
def test_each_mistake_says_what_to_write(reading: Read, text: str, mistake: str) -> None:
    [told] = mistakes(reading, text)
    assert told.startswith(mistake)


@pytest.mark.parametrize("sources", ["sources = 3\n", "[[sources]]\na = 1\n"])
def test_sources_that_are_no_tables_are_told_also_beside_a_channel(reading: Read, sources: str) -> None:
    told = mistakes(reading, POST + 'sources = ["corp"]\n', site=sources + SITE)
    assert any("sources: give each source a name and a table of its own" in one for one in told)


def test_a_section_that_is_no_table_is_told(reading: Read) -> None:
    [told] = mistakes(reading, "", site='log = "json"\n' + SITE)
    assert told == ":1 log: must be a table: write [log] and its options below."


def test_a_site_without_name_and_key_is_told_what_makes_them(reading: Read) -> None:
    assert mistakes(reading, "", site="") == [" site.name: is missing.", " site.key: is missing."]
    [told] = mistakes(reading, "", site='[site]\nname = "N"\nkey = { env = "CORP_URL" }\n')
    assert told == ":3 site.key: Must hold at least 32 characters; `xmo init` makes one."


@pytest.mark.parametrize(
    ("text", "told"),
    [("a = [1,\n2\n", ""), ("[site\n", ":1"), ("x = 1\nx = 2\n", ":2"), ("ok = 1\nb = nope\n", ":2")],
)
def test_what_is_not_toml_is_told_with_its_line(reading: Read, text: str, told: str) -> None:
    [mistake] = mistakes(reading, "", site=text)
    assert mistake.startswith(f"{told} ")
    assert "at line" not in mistake


def test_a_config_that_is_not_there_leads_to_init(tmp_path: Path, registry: Registry) -> None:
    with pytest.raises(ConfigError, match="There is no config file") as caught:
        read(tmp_path / "xmo.toml", registry, {})
    assert "xmo init" in caught.value.hint
    with pytest.raises(ConfigError, match="cannot be read"):
        read(tmp_path, registry, {})
    (tmp_path / "latin.toml").write_bytes('name = "Süd"'.encode("latin-1"))
    with pytest.raises(ConfigError, match="not UTF-8"):
        read(tmp_path / "latin.toml", registry, {})


def test_the_mark_that_windows_editors_write_is_no_mistake(tmp_path: Path, registry: Registry, reading: Read) -> None:
    reading()
    text = (tmp_path / "xmo.toml").read_bytes()
    (tmp_path / "xmo.toml").write_bytes(b"\xef\xbb\xbf" + text)
    assert read(tmp_path / "xmo.toml", registry, {}).site.name == "Northwind IT"


def test_a_source_of_a_broken_plugin_is_told_with_reason_and_command(reading: Read, registry: Registry) -> None:
    broken = load([EntryPoint("zenda", "made_nowhere", "xmo.plugins")]).broken["zenda"]
    broken.reason, broken.hint = "it needs the module pysnow, which is not installed", "pip install 'xmo-core[zenda]'"
    registry.broken["zenda"] = broken
    registry.broken["other"] = Broken(name="other", reason="something else")
    [told] = mistakes(reading, '[sources.corp]\nkind = "zenda"\n')
    assert told == (
        ':5 sources.corp.kind: no plugin has the kind "zenda"; the plugin zenda is broken: it needs the module pysnow, '
        "which is not installed (pip install 'xmo-core[zenda]')."
    )
    [told] = mistakes(reading, "[mystery]\n")
    assert "the plugin zenda is broken" in told
    assert "the plugin other is broken" in told


def test_a_plugin_may_not_take_a_section_of_the_core(reading: Read, registry: Registry) -> None:
    module = ModuleType("greedy")
    vars(module)["xmo_sections"] = hookimpl(lambda: [Section(name="store", type=Survey, schema=SurveySchema)])
    registry.add("greedy", module)
    with pytest.raises(ConfigError, match=r"The plugin greedy offers the section \[store\]"):
        reading()


# Secrets


@pytest.mark.parametrize("option", ["password", "token", "client_secret"])
@pytest.mark.parametrize(
    "url", ["https://acme.example", "http://10.0.0.7", "http://localhost.acme.example", "nonsense"]
)
def test_a_secret_in_the_file_is_refused_and_not_repeated(reading: Read, option: str, url: str) -> None:
    text = f'[sources.corp]\nkind = "acme"\nurl = "{url}"\nusername = "xmo"\n{option} = "correct-horse"\n'
    told = mistakes(reading, text)
    assert any(f":8 sources.corp.{option}: is a secret: write {{ env = " in line for line in told)
    assert "correct-horse" not in "".join(told)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080", "http://127.8.9.1/x", "http://[::1]:80", "http://localhost"])
def test_a_sandbox_on_this_machine_may_have_its_secret_in_the_file(reading: Read, url: str) -> None:
    text = f'[sources.corp]\nkind = "acme"\nurl = "{url}"\nusername = "xmo"\npassword = "sandbox-password"\n'
    assert reading(text).sources["corp"].options["password"] == Secret("sandbox-password")


def test_a_secret_of_the_site_is_refused_in_the_file(reading: Read) -> None:
    [told] = mistakes(reading, "", site=f'[site]\nname = "N"\nkey = "{KEY}"\n')
    assert told.startswith(":3 site.key: is a secret")


def test_a_log_in_inside_the_address_is_refused_and_not_repeated(reading: Read) -> None:
    text = '[sources.corp]\nkind = "acme"\nurl = "https://xmo:correct-horse@acme.example"\nusername = "xmo"\n'
    assert mistakes(reading, text) == [
        ":6 sources.corp.url: must not hold a user or a password: they have options of their own."
    ]


def test_a_config_shows_no_secret(reading: Read) -> None:
    got = reading(CORP + '[http]\nproxy = "http://xmo:proxy-secret@proxy:3128"\n')
    assert "correct-horse" not in f"{got!r} {got.sources!r} {got.settings!r}"
    assert "proxy-secret" not in repr(got)
    assert redact("correct-horse-battery proxy-secret") == "*** ***"
    assert KEY not in repr(got)


def test_a_file_may_hold_a_secret_and_must_not_be_empty_or_absent(reading: Read, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("from a file\n", encoding="utf-8")
    (tmp_path / "empty").write_text("\n", encoding="utf-8")
    source = (
        '[sources.corp]\nkind = "acme"\nurl = "https://acme.example"\nusername = "xmo"\npassword = { file = "%s" }\n'
    )
    assert reading(source % "password").sources["corp"].options["password"] == Secret("from a file")
    [told] = mistakes(reading, source % "empty")
    assert told.endswith("empty is empty.")
    [told] = mistakes(reading, source % "absent")
    assert told.endswith("absent cannot be read: No such file or directory.")


def test_an_option_of_an_option_is_data_and_not_a_secret_by_its_name(reading: Read, registry: Registry) -> None:
    class LooseSchema(Schema):
        fields_ = fields.Dict(data_key="fields")

    module = ModuleType("loose")
    vars(module)["xmo_sections"] = hookimpl(lambda: [Section(name="loose", type=dict, schema=LooseSchema)])
    registry.add("loose", module)
    got = reading('[loose]\nfields = { token = "u_token", site = "u_site" }\n')
    assert got.settings.get(dict) == {"fields_": {"token": "u_token", "site": "u_site"}}


# Places and the starter


def test_places_survive_quotes_dots_comments_and_long_texts() -> None:
    places = Places(
        'a.b = 1\n[x."y z"]  # [not.this]\n"k k" = 2\nnote = """\n[fake]\nfake = 1\n"""\nlist = [\n  "a = b",\n]\n'
        "[[many]]\nn = 1\n[[many]]\nn = 2\n"
    )
    assert places.line(("a", "b")) == 1
    assert places.line(("x", "y z", "k k")) == 3
    assert places.line(("x", "y z", "absent", "deep")) == 2
    assert places.line(("x", "y z", "list", "0")) == 8
    assert places.line(("many", "n")) == 12
    assert places.line(("fake",)) is None
    assert Places("a = 'one line\u2028for TOML'\nb = 1\n").line(("b",)) == 2
    assert places.line(("x", "y z", "fake")) == 2


@given(st.one_of(st.text(), st.text("ab.\"'\\=[] \n²", max_size=12)))
@example('"\\q" = 1')
@example("²=")
def test_no_text_breaks_the_search_for_places(text: str) -> None:
    Places(text).line(("a",))


def test_the_starter_is_read_without_a_mistake_once_its_gaps_are_filled(reading: Read, registry: Registry) -> None:
    kind = registry.kinds()["acme"][1]
    text = starter(
        name='Süd "IT"',
        url="http://127.0.0.1:8080",
        sources={"corp": kind},
        channels={},
        sections=[registry.sections()["survey"][1]],
    )
    filled = text.replace('url = "https://"', 'url = "https://acme.example"').replace("# password", "password")
    got = reading(site=filled, environ=ENVIRON)
    assert got.site.name == 'Süd "IT"'
    assert got.sources["corp"].options["password"] == Secret("correct-horse-battery")
    assert "# requests_per_minute = 600\n" in text
    assert '# limits = { "/export" = 10 }\n' in text
    assert "[survey]" in text


def test_every_line_that_the_starter_of_the_stock_plugins_offers_is_accepted(tmp_path: Path) -> None:
    found = load()
    kinds = {name: kind for name, (_, kind) in found.kinds().items()}
    ways = {name: kind for name, (_, kind) in found.channels().items()}
    sections = [section for _, section in found.sections().values()]
    text = starter(name="N", url="http://x", sources=kinds, channels=ways, sections=sections)
    filled = text.replace('url = "https://"', 'url = "https://one.example"')
    # what is left out: other ways to log in, files that are not there, and free text
    without = r"# (proxy|ca_bundle|username|\w+ = \{ env|.* = \"\") .*|# .* = \"\""
    kept = [line for line in filled.splitlines() if not re.fullmatch(without, line)]
    offered = [re.sub(r"^# (?=\w+ = |\[)", "", line) for line in kept]
    assert len([line for line in kept if line.startswith("# ") and " = " in line]) > 10
    (tmp_path / "xmo.key").write_text(KEY, encoding="utf-8")
    (tmp_path / "xmo.toml").write_text("\n".join(offered), encoding="utf-8")
    secrets_ = re.findall(r'env = "(\w+)"', "\n".join(offered))
    config.read(tmp_path / "xmo.toml", found, dict.fromkeys(secrets_, "correct-horse-battery"))
