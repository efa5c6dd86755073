"""Key file: created once, owner-only, never shown; errors say what to do."""

from __future__ import annotations

import hashlib
import hmac
import json
import stat

import pytest
from click.testing import CliRunner

from orchestration.admission.keys import Keys, KeysError, create_key_file, keys_group


@pytest.fixture
def key_file(tmp_path):
    path = tmp_path / "config" / "keys.json"
    create_key_file(path)
    return path


def _run(*args):
    return CliRunner().invoke(keys_group, [str(arg) for arg in args])


def test_init_creates_owner_only_and_never_prints_a_key(tmp_path):
    path = tmp_path / "a" / "b" / "keys.json"
    result = _run("init", "--path", path)
    assert result.exit_code == 0
    document = json.loads(path.read_text())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert document["id_key"] != document["pseudonym_key"]
    shown = result.output + _run("show", "--path", path).output
    assert document["id_key"] not in shown
    assert document["pseudonym_key"] not in shown
    assert Keys.load(path).fingerprint in shown


def test_init_refuses_to_overwrite(key_file):
    before = key_file.read_bytes()
    result = _run("init", "--path", key_file)
    assert result.exit_code == 65
    assert "is there already" in result.output
    assert key_file.read_bytes() == before


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{", "not the JSON"),
        ("[]", "expected a JSON object"),
        ('{"id_key": "zz"}', "pseudonym_key_version"),
        ('{"id_key": "zz", "pseudonym_key_version": 1}', "id_key must be 64"),
        (
            '{"id_key": "%s", "pseudonym_key": 5, "pseudonym_key_version": 1}' % ("a" * 64),
            "pseudonym_key must",
        ),
    ],
)
def test_damaged_key_file_is_named_with_the_reason(key_file, content, reason):
    key_file.write_text(content)
    with pytest.raises(KeysError, match=reason) as caught:
        Keys.load(key_file)
    assert str(key_file) in str(caught.value)


def test_missing_and_readable_by_others(key_file, tmp_path):
    with pytest.raises(KeysError, match="voc keys init"):
        Keys.load(tmp_path / "none.json")
    key_file.chmod(0o640)
    with pytest.raises(KeysError, match="chmod 600"):
        Keys.load(key_file)


def test_values_are_the_documented_hmacs(key_file):
    document = json.loads(key_file.read_text())
    keys = Keys.load(key_file)
    for_id = hmac.new(bytes.fromhex(document["id_key"]), b"record\x1fforum\x1fpost\x1fx", hashlib.sha256)
    assert keys.identifier("record", "forum", "post", "x") == for_id.hexdigest()[:32]
    for_phone = hmac.new(bytes.fromhex(document["pseudonym_key"]), b"phone|13800138000", hashlib.sha256)
    assert keys.pseudonym("phone", "13800138000") == "k1_" + for_phone.hexdigest()[:32]
    with pytest.raises(ValueError, match="unknown pseudonym domain"):
        keys.pseudonym("phones", "1")
    assert document["id_key"] not in repr(keys)
