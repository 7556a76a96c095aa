"""Dockerfile and docker-compose.yml, as far as a machine without a Docker engine can tell: form, steps, rights.

What is not shown here: that the images are built and run. No engine is at hand; `docker compose config` (or the
older docker-compose, Debian's package) reads the file where there is one.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from dialer.config import load

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILES = [ROOT / "Dockerfile", ROOT / "deploy/asterisk/Dockerfile"]
COMPOSE = ROOT / "docker-compose.yml"
KNOWN = {
    "FROM",
    "RUN",
    "WORKDIR",
    "COPY",
    "USER",
    "ENV",
    "VOLUME",
    "EXPOSE",
    "HEALTHCHECK",
    "ENTRYPOINT",
    "CMD",
}


def instructions(path: Path) -> list[tuple[str, str]]:
    """Each instruction with its words, continued lines joined."""
    text = re.sub(r"\\\n\s*", "", path.read_text(encoding="utf-8"))
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(line.split(None, 1)[0], line.split(None, 1)[1]) for line in lines]


def compose() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))
    return read


def compose_tool() -> list[str] | None:
    if shutil.which("docker") is not None:
        tried = subprocess.run(["docker", "compose", "version"], capture_output=True, timeout=20, check=False)
        if tried.returncode == 0:
            return ["docker", "compose"]
    return ["docker-compose"] if shutil.which("docker-compose") is not None else None


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_an_image_runs_as_nobody_in_particular_and_says_how_it_is(path: Path) -> None:
    found = instructions(path)
    assert {name for name, _ in found} <= KNOWN
    last_from = max(at for at, (name, _) in enumerate(found) if name == "FROM")
    stage = found[last_from:]
    (user,) = [words for name, words in stage if name == "USER"]
    made = next(words for name, words in stage if name == "RUN" and "useradd" in words)
    assert re.search(rf"useradd .*\b{user}\b", made) and user != "root"
    assert [name for name, _ in stage].index("USER") > [name for name, _ in stage].index("RUN")
    (health,) = [words for name, words in stage if name == "HEALTHCHECK"]
    assert json.loads(health[health.index("CMD") + 4 :])
    assert [name for name, _ in stage].count("CMD") == 1


def test_the_daemons_health_is_its_readiness() -> None:
    found = instructions(ROOT / "Dockerfile")
    assert any(name == "ENV" and "READY_URL=" in words and "/readyz" in words for name, words in found)
    (health,) = [words for name, words in found if name == "HEALTHCHECK"]
    program = json.loads(health[health.index("CMD") + 4 :])
    compile(program[2], "healthcheck", "exec")
    assert "READY_URL" in program[2]


def test_the_images_steps_are_those_of_the_readme() -> None:
    """Built by make and nothing else; what is installed is the wheel, as the README says."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    steps = [words for name, words in instructions(ROOT / "Dockerfile") if name == "RUN"]
    made = [step for step in steps if step.startswith("make ")]
    assert made == ["make web", "make wheel"]
    assert all(step in readme for step in made)
    targets = re.findall(r"(?m)^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"))
    assert {step.split()[1] for step in made} <= set(targets)
    installed = [step for step in steps if "pip install" in step]
    assert len(installed) == 1 and "-c /tmp/constraints.txt /tmp/dist/*.whl" in installed[0]
    assert "pip install a wheel of `make wheel`" in readme
    entry = dict(instructions(ROOT / "Dockerfile"))
    assert json.loads(entry["ENTRYPOINT"]) == ["dialer"]
    assert json.loads(entry["CMD"])[-1] == "serve" and "dialer serve" in readme


def test_what_is_copied_is_there_and_is_let_through() -> None:
    let = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    for name, words in instructions(ROOT / "Dockerfile"):
        if name == "COPY" and not words.startswith("--from"):
            for source in words.split()[:-1]:
                assert (ROOT / source).exists(), source
                assert source.rstrip("/") in let, source


def test_no_file_names_a_registry_or_holds_a_secret() -> None:
    for path in (*DOCKERFILES, COMPOSE, ROOT / "deploy/dialer.toml", ROOT / "deploy/asterisk/start.sh"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"index-url|registry|(?<![\w.])(?:docker|ghcr|quay)\.io", text), path
        assert not re.search(r"(?im)^[ \t]*\w*(?:password|secret)[ \t]*[:=][ \t]*[^\s/{$%\[]", text), path
    images = [
        words.split()[0] for path in DOCKERFILES for name, words in instructions(path) if name == "FROM"
    ]
    images += [service["image"] for service in compose()["services"].values() if "image" in service]
    assert all("/" not in image and ":" in image for image in images), images


def test_the_services_are_wired() -> None:
    read = compose()
    services = read["services"]
    assert set(services) == {"asterisk", "dialer", "postgresql", "nats"}
    for name, service in services.items():
        assert ("build" in service) != ("image" in service), name
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert (ROOT / source).exists() if source.startswith(".") else source in read["volumes"], volume
        for secret in service.get("secrets", []):
            assert read["secrets"][secret]["file"].startswith("./secrets/")
        assert "privileged" not in service
    assert services["postgresql"]["profiles"] and services["nats"]["profiles"], (
        "not used yet: only if asked for"
    )
    assert not {"postgresql", "nats"} & set(services["dialer"]["depends_on"])
    group = services["dialer"]["group_add"][0]
    asterisk = (ROOT / "deploy/asterisk/Dockerfile").read_text()
    assert f"--gid {group} asterisk" in asterisk
    # Retention deletes what the PBX wrote: the folder lets the group, the mount lets the daemon.
    assert "chmod 770 /var/spool/asterisk/monitor" in asterisk
    mounted = [volume for volume in services["dialer"]["volumes"] if not volume.endswith(":ro")]
    assert mounted == ["recordings:/var/spool/asterisk/monitor", "store:/var/lib/callwright"]
    assert services["dialer"]["environment"]["DIALER_PBX_SECRET_FILE"] == "/run/secrets/ami_secret"
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    assert "/secrets/" in ignored and "/deploy/local/*.conf" in ignored


def test_the_shipped_settings_are_settings() -> None:
    image = " ".join(words for name, words in instructions(ROOT / "Dockerfile") if name == "ENV")
    set_by_image = dict(word.split("=", 1) for word in shlex.split(image))
    given = {**set_by_image, **compose()["services"]["dialer"]["environment"]}
    settings = load(ROOT / "deploy/dialer.toml", given)
    assert settings.store.url == "sqlite:////var/lib/callwright/callwright.db"
    assert settings.pbx["main"].secret_file == "/run/secrets/ami_secret"
    assert settings.recordings.source == "/var/spool/asterisk/monitor"
    assert settings.http.host == "127.0.0.1"
    assert settings.lines


def test_the_start_of_asterisk_is_a_shell_script() -> None:
    script = ROOT / "deploy/asterisk/start.sh"
    subprocess.run(["sh", "-n", script], check=True, timeout=10)
    text = script.read_text()
    assert text.rstrip().endswith("exec asterisk -f -n"), "signals reach Asterisk itself"
    account = (ROOT / "asterisk-conf/manager_local.conf.sample").read_text()
    assert "[callwright](callwright-account)" in account and "[callwright](callwright-account)" in text


def test_compose_itself_reads_the_file() -> None:
    tool = compose_tool()
    if tool is None:
        pytest.skip("neither `docker compose` nor docker-compose is here: the file's form alone was checked")
    profiles = ["--profile", "postgresql", "--profile", "nats"]
    done = subprocess.run(
        [*tool, "--file", str(COMPOSE), *profiles, "config"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert set(yaml.safe_load(done.stdout)["services"]) == set(compose()["services"])


def test_the_proxys_locations_say_who_asks() -> None:
    """A location with one header of its own inherits none: each says them all."""
    text = (ROOT / "deploy/nginx.conf").read_text(encoding="utf-8")
    locations = re.findall(r"location [^{]*\{([^}]*)\}", text)
    assert len(locations) == 2
    for location in locations:
        headers = set(re.findall(r"proxy_set_header\s+(\S+)", location))
        assert {"Host", "Upgrade", "Connection"} <= headers
    assert re.search(r"X-Forwarded-For\s+\$remote_addr;", locations[0]), "set, not added to"
    for language in ("", ".ru"):
        assert "deploy/nginx.conf" in (ROOT / f"docs/https{language}.md").read_text(encoding="utf-8")
