"""The key file: its owner's alone, and told what is wrong with it."""

import base64
import stat
from pathlib import Path

import pytest

from together.store.keys import BadKeyFile, add_key, load_keys, make_key_file

KEY = base64.urlsafe_b64encode(bytes(range(32))).decode()


def _write(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


def test_a_new_file_holds_one_key_and_is_its_owners_alone(tmp_path: Path):
    """What is made can be loaded at once, and by nobody else."""
    path = tmp_path / "secrets" / "keys"
    made = make_key_file(path)
    assert (load_keys(path), list(made.master)) == (made, [made.current])
    assert len(made.master[made.current]) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_is_never_written_over(tmp_path: Path):
    """Making keys where there are some is refused and changes nothing."""
    path = tmp_path / "keys"
    make_key_file(path)
    before = path.read_text()
    with pytest.raises(BadKeyFile, match="already"):
        make_key_file(path)
    assert path.read_text() == before


def test_a_new_key_comes_first_and_the_old_ones_stay(tmp_path: Path):
    """Rotation puts a key in use and keeps what opens everything sealed so far."""
    path = tmp_path / "keys"
    first = make_key_file(path)
    second = add_key(path)
    third = add_key(path)
    assert list(third.master) == [third.current, second.current, first.current]
    assert third.master.items() >= second.master.items() >= first.master.items()
    assert (stat.S_IMODE(path.stat().st_mode), [*tmp_path.iterdir()]) == (0o600, [path])


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o660, 0o644])
def test_a_file_that_others_can_use_is_refused(tmp_path: Path, mode: int):
    """A key file with any right for group or others says which command puts it right."""
    path = _write(tmp_path / "keys", f"k1 {KEY}\n", mode)
    with pytest.raises(BadKeyFile, match=f"chmod 600 {path}"):
        load_keys(path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "holds no key"),
        ("# a comment\n\n", "holds no key"),
        ("k1\n", "Line 1 .* damaged"),
        (f"# a comment\nk1 {KEY[:-4]}\n", "Line 2 .* damaged"),
        (f"k1 {KEY}{KEY}\n", "damaged"),
        (f"k1 {KEY} x\n", "damaged"),
        (f"k.1 {KEY}\n", "damaged"),
        (f"k1 {KEY}\nk1 {KEY}\n", "two keys named k1"),
        ("k1 schlüssel\n", "not a key file"),
    ],
)
def test_a_damaged_file_says_where(tmp_path: Path, text: str, words: str):
    """Each kind of damage is named, with its line, and no key is quoted."""
    with pytest.raises(BadKeyFile, match=words) as told:
        load_keys(_write(tmp_path / "keys", text))
    assert (KEY[:8] in str(told.value), told.value.__cause__) == (False, None)


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path):
    """The words hold the place that was looked at."""
    with pytest.raises(BadKeyFile, match=f"no key file at {tmp_path}/none"):
        load_keys(tmp_path / "none")
    with pytest.raises(BadKeyFile, match="cannot be read: Is a directory"):
        load_keys(tmp_path)
    with pytest.raises(BadKeyFile, match="No key file can be made"):
        make_key_file(Path("/proc/none/keys"))
