"""The recipe of the README for signing a model folder, really run."""

import json
import os
import re
import shutil
import subprocess

import pytest

from pipeline.errors import ModelError
from pipeline.model.folder import FILES
from pipeline.model.store import load, load_pipeline, load_signatures, save
from tests.conftest import ROOT

README = (ROOT / "README.md").read_text("utf-8")
SIGN, SIGNERS, VERIFY = re.findall(r"^(?:ssh-keygen -Y|echo \"me@).*", README, re.MULTILINE)
pytestmark = [
    pytest.mark.posix,
    pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed"),
]


@pytest.fixture
def shell(tmp_path):
    """Runs a line of the README as a user who has a key, and gives its exit code."""
    (tmp_path / ".ssh").mkdir()
    key = tmp_path / ".ssh" / "id_ed25519"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    env = {**os.environ, "HOME": str(tmp_path)}
    return lambda line: subprocess.run(["sh", "-c", line], cwd=tmp_path, env=env, capture_output=True).returncode


@pytest.fixture
def signed(tmp_path, folder, shell):
    model = shutil.copytree(folder, tmp_path / "models" / "detente")
    assert (shell(SIGN), shell(SIGNERS), shell(VERIFY)) == (0, 0, 0)
    return model


def changed(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_a_changed_card_no_longer_verifies(signed, shell):
    load(signed)  # a signature in the folder does no harm
    changed(signed / FILES.card)
    assert shell(VERIFY) != 0


@pytest.mark.parametrize(
    ("name", "read"),
    [
        (FILES.weights, load),
        (FILES.seen, lambda folder: load_signatures(load(folder))),
        (FILES.pipeline, load_pipeline),
    ],
)
def test_every_other_changed_file_is_refused_by_its_hash_in_the_signed_card(signed, shell, name, read):
    changed(signed / name)
    assert shell(VERIFY) == 0
    with pytest.raises(ModelError, match="sha256 differs"):
        read(signed)


def test_the_signed_card_covers_every_file_but_the_id_of_the_run(signed):
    assert set(json.loads((signed / FILES.card).read_bytes())["sha256"]) == {FILES.weights, FILES.seen, FILES.pipeline}
    found = {path.name for path in signed.iterdir()}
    assert found - {FILES.run} == {FILES.card, FILES.weights, FILES.seen, FILES.pipeline, "card.json.sig"}


def test_another_key_does_not_verify_and_a_new_model_is_not_signed(signed, shell, tmp_path):
    (tmp_path / ".ssh" / "id_ed25519").unlink()
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / ".ssh" / "id_ed25519"], check=True, input=b"y"
    )
    (signed / "card.json.sig").unlink()
    assert shell(SIGN) == 0
    assert shell(VERIFY) != 0
    model = load(signed)
    save(signed, model.weights, {key: value for key, value in model.card.items() if key not in ("format", "sha256")})
    assert not (signed / "card.json.sig").exists()
