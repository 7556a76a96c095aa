"""dialer.toml and the environment: what is wrong is refused at start, with its line and the accepted form."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from dialer.config import EXAMPLE, ConfigError, LineSettings, PbxSettings, Settings, load, secret_of
from dialer.wiring import hooks_of

GOOD = """\
log_level = "DEBUG"

[http]
port = 8081

[pbx]
name = "main"
port = 5038

[lines.first]
dial = "PJSIP/{number}@trunk"
capacity = 30

[lines.second]
dial = "PJSIP/{number}@other"
capacity = 5
called = ["+74951234567", "84957654321"]
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "dialer.toml"


def loaded(path: Path, text: str, **environ: str) -> Settings:
    path.write_text(text, encoding="utf-8")
    return load(path, environ)


def complaint(path: Path, text: str, **environ: str) -> str:
    with pytest.raises(ConfigError) as refused:
        loaded(path, text, **environ)
    return str(refused.value)


def test_a_file_is_read(path: Path) -> None:
    settings = loaded(path, GOOD)
    assert (settings.log_level, settings.http.port) == ("DEBUG", 8081)
    assert list(settings.lines) == ["first", "second"], "the first line is the default one"
    assert settings.lines["second"].called == ("+74951234567", "84957654321")


def test_nothing_at_all_is_the_defaults() -> None:
    assert load(None, {}) == Settings()


def test_the_example_is_the_defaults_with_a_line_and_a_secret(path: Path) -> None:
    settings = loaded(path, EXAMPLE)
    plain = msgspec.structs.replace(settings, lines={}, pbx={"main": PbxSettings()})
    assert plain == Settings()
    assert settings.pbx == {"main": PbxSettings(secret_file="data/ami-secret")}
    assert set(settings.lines) == {"main"}


def test_the_example_shows_every_key() -> None:
    """`dialer init` is where people look which keys there are."""
    shown = EXAMPLE.replace("# ", "")
    for section in msgspec.structs.fields(Settings):
        kind = {"lines": LineSettings, "pbx": PbxSettings}.get(section.name, section.type)
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            for key in msgspec.structs.fields(kind):
                assert (
                    f"\n{key.name} = " in shown
                    or f" {key.name} = " in shown
                    or key.name
                    in (
                        "secret",
                        "allow_excess_rights",
                    )
                ), f"{section.name}.{key.name}"


# --- wrong values, and where they stand -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ('log_level = "DEBUG"', 'log_level = "LOUD"', 1, "DEBUG"),
        ("port = 8081", "port = 99999", 4, "65535"),
        ("port = 8081", 'port = "8081"', 4, "int"),
        ("port = 8081", "prot = 8081", 4, "prot"),
        ('name = "main"', 'name = "main office"', 7, "name"),
        ("port = 5038", "port = true", 8, "int"),
        ("[pbx]", "[pabx]", 6, "pabx"),
        ("capacity = 30", "capacity = 0", 12, "1"),
        ("capacity = 5", "capacity = 0", 16, "1"),
        ("capacity = 5", "capacity = 0 # capacity = 1", 16, "1"),
        ("capacity = 5", "   capacity=0", 16, "1"),
        ('"PJSIP/{number}@other"', '"PJSIP/{number}@other,,System(id)"', 15, "dial"),
        ('"PJSIP/{number}@trunk"', '"PJSIP/trunk"', 11, "dial"),
        ("capacity = 5", "colour = 5", 16, "colour"),
        ('"84957654321"]', '"8 (495) 765-43-21"]', 17, "called"),
        ('"84957654321"]', "84957654321]", 17, "str"),
    ],
)
def test_a_wrong_key_or_value_is_told_with_its_line(
    path: Path, old: str, new: str, line: int, says: str
) -> None:
    assert old in GOOD
    told = complaint(path, GOOD.replace(old, new, 1))
    assert f"{path}, line {line}:" in told, told
    assert says in told


def test_a_key_of_a_dotted_form_is_found(path: Path) -> None:
    assert ", line 2:" in complaint(path, "pbx.port = 5038\nhttp.port = 0.5\n")


def test_what_is_no_toml_is_told_with_its_line(path: Path) -> None:
    told = complaint(path, "[http]\nport = \n")
    assert str(path) in told
    assert "line 2" in told


def test_what_is_no_text_is_told(path: Path) -> None:
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="UTF-8"):
        load(path, {})


def test_a_file_that_is_not_there_is_told_with_the_mend(path: Path) -> None:
    with pytest.raises(ConfigError, match="dialer init"):
        load(path, {})


def test_a_secret_is_not_told(path: Path) -> None:
    assert "hunter2" not in complaint(path, '[pbx]\nsecret = ["hunter2"]\n')


# --- several PBXs ----------------------------------------------------------------------------------------------

TWO = """\
[pbx.south]
port = 5038

[pbx.north]
host = "10.0.0.2"
tls = true
tls_ca = "data/north.pem"
phones_ws = "wss://north.example/ws"
recordings = "/mnt/north"

[lines.near]
dial = "PJSIP/{number}@trunk"

[lines.far]
dial = "PJSIP/{number}@trunk"
pbx = "north"
"""


def test_several_pbxs_in_the_order_of_the_file(path: Path) -> None:
    settings = loaded(path, TWO)
    assert list(settings.pbx) == ["south", "north"], "the first one is the default one"
    assert (settings.pbx["north"].host, settings.pbx["north"].tls) == ("10.0.0.2", True)
    assert (settings.lines["near"].pbx, settings.lines["far"].pbx) == ("", "north")


def test_the_one_pbx_of_the_plain_form_has_a_name(path: Path) -> None:
    assert list(loaded(path, "[pbx]\nport = 1\n").pbx) == ["main"]
    assert list(loaded(path, '[pbx]\nname = "office"\n').pbx) == ["office"]
    assert list(load(None, {"DIALER_PBX_NAME": "office"}).pbx) == ["office"]


def test_each_pbx_is_reached_from_outside(path: Path) -> None:
    settings = loaded(
        path, TWO, DIALER_PBX_NORTH_SECRET="n", DIALER_PBX_SECRET="s", DIALER_PBX_SOUTH_PORT="7"
    )
    assert (settings.pbx["south"].secret, settings.pbx["south"].port) == ("s", 7), "no name means the first"
    assert settings.pbx["north"].secret == "n"


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("[pbx]\nport = 1\n[pbx.north]\nport = 2\n", 2, "pbx.north"),
        (TWO.replace('pbx = "north"', 'pbx = "east"'), 16, "south, north"),
        (TWO.replace("tls = true", "tls = 1"), 6, "bool"),
        (TWO.replace("port = 5038", "prot = 5038"), 2, "prot"),
        (TWO.replace("[pbx.south]", '[pbx."south east"]'), 1, "south east"),
        ("pbx = 5\n", 1, "object"),
    ],
)
def test_what_is_wrong_with_several_is_told_with_its_line(
    path: Path, text: str, line: int, says: str
) -> None:
    told = complaint(path, text)
    assert f", line {line}:" in told, told
    assert says in told


# --- the environment --------------------------------------------------------------------------------------------


def test_the_environment_lies_over_the_file(path: Path) -> None:
    settings = loaded(
        path,
        GOOD,
        DIALER_HTTP_PORT="9000",
        DIALER_HTTP_ORIGINS="https://a.example,https://b.example",
        DIALER_PBX_SECRET="from outside",
        DIALER_PBX_ALLOW_EXCESS_RIGHTS="true",
        DIALER_STORE_URL="sqlite:///elsewhere.db",
        DIALER_LOG_LEVEL="WARNING",
        HTTP_PORT="1",
    )
    assert settings.http.port == 9000
    assert settings.http.origins == ("https://a.example", "https://b.example")
    assert (settings.pbx["main"].secret, settings.pbx["main"].allow_excess_rights) == ("from outside", True)
    assert settings.pbx["main"].port == 5038, "what the environment does not name stays as the file has it"
    assert (settings.store.url, settings.log_level) == ("sqlite:///elsewhere.db", "WARNING")


def test_every_key_of_a_section_has_its_variable() -> None:
    examples: dict[Any, str] = {bool: "true", str: "text", tuple[str, ...]: "https://a.example"}
    for section in msgspec.structs.fields(Settings):
        if not (isinstance(section.type, type) and issubclass(section.type, msgspec.Struct)):
            continue
        for key in msgspec.structs.fields(section.type):
            value = examples.get(key.type, "7" if isinstance(key.default, int) else "text")
            value = "10.0.0.1" if key.name == "trusted_proxies" else value
            variable = f"DIALER_{section.name}_{key.name}".upper()
            changed = getattr(getattr(load(None, {variable: value}), section.name), key.name)
            assert changed != key.default, variable


def test_every_key_of_a_pbx_has_its_variable() -> None:
    for key in msgspec.structs.fields(PbxSettings):
        value = {bool: "true", str: "text"}.get(key.type, "7")
        changed = load(None, {f"DIALER_PBX_{key.name}".upper(): value}).pbx["main"]
        assert getattr(changed, key.name) != key.default, key.name


def test_the_short_name_of_the_port_wins(path: Path) -> None:
    assert loaded(path, GOOD, DIALER_PORT="0", DIALER_HTTP_PORT="9000").http.port == 0


def test_a_line_can_be_changed_from_outside(path: Path) -> None:
    settings = loaded(path, GOOD, DIALER_LINES_SECOND_CAPACITY="7", DIALER_LINES_SECOND_CALLED="+74950000001")
    assert (settings.lines["second"].capacity, settings.lines["second"].called) == (7, ("+74950000001",))
    assert settings.lines["first"].capacity == 30


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("DIALER_PORT", "eighty"),
        ("DIALER_HTTP_PORT", "-1"),
        ("DIALER_PBX_ALLOW_EXCESS_RIGHTS", "perhaps"),
        ("DIALER_PBX_NAME", "a b"),
        ("DIALER_LOG_LEVEL", "LOUD"),
        ("DIALER_LINES_SECOND_CAPACITY", "many"),
    ],
)
def test_a_wrong_variable_is_told_by_its_name(path: Path, variable: str, value: str) -> None:
    told = complaint(path, GOOD, **{variable: value})
    assert variable in told
    assert ", line" not in told, "it does not stand in the file"


def test_every_accepted_log_level_is_one_of_loggings(path: Path) -> None:
    for level in ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"):
        assert loaded(path, GOOD, DIALER_LOG_LEVEL=level).log_level == level


# --- secrets ----------------------------------------------------------------------------------------------------


def test_a_secret_stands_in_the_settings_or_in_its_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("from the file\n", encoding="utf-8")
    assert secret_of(PbxSettings(secret="plain")) == "plain"
    assert secret_of(PbxSettings(secret="plain", secret_file=str(tmp_path / "secret"))) == "from the file"


def test_a_secrets_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no-such-file"):
        secret_of(PbxSettings(secret_file=str(tmp_path / "no-such-file")))


def test_a_secret_is_not_shown_by_accident() -> None:
    assert "hunter2" not in repr(PbxSettings(secret="hunter2"))


def test_the_example_is_toml() -> None:
    assert set(tomllib.loads(EXAMPLE)) >= {"http", "store", "pbx", "phones", "recordings", "lines"}


def test_trusted_proxies_are_addresses_or_networks(path: Path) -> None:
    good = '[http]\ntrusted_proxies = ["127.0.0.1", "::1", "10.0.0.0/24"]\n'
    assert loaded(path, good).http.trusted_proxies == ("127.0.0.1", "::1", "10.0.0.0/24")
    assert loaded(path, "", DIALER_HTTP_TRUSTED_PROXIES="10.0.0.1,::1").http.trusted_proxies == (
        "10.0.0.1",
        "::1",
    )
    assert Settings().http.trusted_proxies == (), "nobody is believed unless it is said"
    wrong = complaint(path, '[http]\nport = 8081\ntrusted_proxies = ["proxy.example"]\n')
    assert "line 3" in wrong
    assert "http.trusted_proxies" in wrong
    assert "proxy.example" in wrong


@pytest.mark.parametrize(
    "dial",
    [
        "PJSIP/{number}@trunk",
        "PJSIP/trunk/sip:{digits}@10.0.0.1:5060",
        "DAHDI/g1/{digits}",
        "SIP/out/{number}",
    ],
)
def test_a_line_may_be_dialled_as_the_adapter_can(path: Path, dial: str) -> None:
    assert loaded(path, f'[lines.main]\ndial = "{dial}"\n').lines["main"].dial == dial


@pytest.mark.parametrize(
    ("dial", "why"),
    [
        ("Local/{number}@out/n", "other half"),
        ("local/{digits}@out", "other half"),
        ("Agent/{number}", "PJSIP, SIP, IAX2, DAHDI"),
        ("PJSIP/trunk", "{number}"),
        ("PJSIP/{number}&SIP/1", "{number}"),
    ],
)
def test_a_line_that_cannot_be_dialled_is_refused_with_the_reason(path: Path, dial: str, why: str) -> None:
    told = complaint(path, f'[lines.main]\nregion = "RU"\ndial = "{dial}"\n')
    assert "line 3: lines.main.dial" in told
    assert why in told


def test_web_hooks_have_an_address_and_perhaps_a_secret(path: Path, tmp_path: Path) -> None:
    hook = '[web_hooks.crm]\nurl = "https://crm.example/calls"\n'
    settings = loaded(path, hook, DIALER_WEB_HOOKS_CRM_TIMEOUT_S="5")
    assert (settings.web_hooks["crm"].url, settings.web_hooks["crm"].timeout_s) == (
        "https://crm.example/calls",
        5,
    )
    for wrong in ("ftp://crm.example/", "https://name:secret@crm.example/", "crm.example"):
        assert "line 2: web_hooks.crm.url" in complaint(path, f'[web_hooks.crm]\nurl = "{wrong}"\n')
    (tmp_path / "secret").write_text("very secret\n", encoding="utf-8")
    signed = loaded(path, f'{hook}secret_file = "{tmp_path}/secret"\n')
    found = hooks_of(signed)["crm"]
    assert (found.secret, "secret" in repr(found)) == ("very secret", False)
    with pytest.raises(ConfigError, match=r"web_hooks\.crm\.secret_file"):
        hooks_of(loaded(path, f'{hook}secret_file = "{tmp_path}/nothing"\n'))
