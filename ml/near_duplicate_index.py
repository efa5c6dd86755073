"""The lasting index of near-duplicates: every text ever admitted, and the groups they form.

Here: segments of shingle sets and band keys on disk, groups in one SQLite file, and the Parquet file of
groups that dbt reads. What makes two texts alike is `ml.text.near_duplicates`; which raw files are to be
read is the orchestration's business.

The groups are the connected parts of a graph whose edges depend on two texts alone (they share a band
key and their exact overlap is enough), so the state is a function of the set of texts: days in any order
end like one bulk load. Texts with equal shingle sets are one node; two nodes already in one group are not
compared again, which saves work and changes no group.

Layout: `index.sqlite` is the truth (segments in use, groups, files read); a segment is a folder of numpy
files, written and synced before it is listed there. A folder that is not listed is swept away.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from ml.columns import Ints, firsts_of
from ml.files import replacing, sync_folder
from ml.lexicon import content_version
from ml.text.near_duplicates import (
    COMPARING,
    MEETING,
    Hashes,
    Keys,
    Shingled,
    band_keys,
    may_be_alike,
    minhash,
    overlap,
    shingle,
    skeletons_of,
    sketches,
)

GROUP_SCHEMA = pa.schema(
    [
        ("score_input_hash", pa.string()),
        ("text_group_id", pa.string()),
        ("similarity_to_group", pa.float64()),
        ("group_text_count", pa.int32()),
    ]
)
GROUP_FILE = "text_group.parquet"
INDEX_VERSION = "dup-" + content_version(
    [
        "near_duplicate_index.py",
        "resources/traditional_simplified.csv",
        "text/fold.py",
        "text/near_duplicates.py",
        "text/pinyin.py",
        "text/scan.py",
    ],
    Path(__file__).parent,
)
# Texts worked on together; a batch costs about 150 MB.
BATCH_TEXTS = 20_000
# As many segments of one size class are merged into one of the next: a text is rewritten few times.
_MERGE_FROM = 8
_ARRAYS = ("hashes", "sketches", "set_keys", "set_owners", "band_keys", "band_owners", "values", "begins")
_SCHEMA = """
create table if not exists meta (name text primary key, value text not null);
create table if not exists segment (
  segment_id integer primary key, folder text not null, first_node integer not null, nodes integer not null
);
create table if not exists indexed_file (file_id text primary key) without rowid;
create table if not exists grouped (
  score_input_hash blob primary key, node_no integer not null, group_no integer not null,
  similarity real not null
) without rowid;
create index if not exists grouped_node on grouped (node_no);
create index if not exists grouped_group on grouped (group_no);
"""


class DuplicateIndexError(OSError):
    """The index of near-duplicates cannot be used; the message says which file and what to do."""


@dataclass(frozen=True)
class Segment:
    """Nodes `first_node … first_node + nodes - 1` on disk, their keys sorted, owners beside them."""

    segment_id: int
    folder: Path
    first_node: int
    nodes: int
    arrays: Mapping[str, NDArray[Any]]

    def shingles(self, node: int) -> Hashes:
        """Return the shingle set of one node."""
        at = node - self.first_node
        begins = self.arrays["begins"]
        return np.asarray(self.arrays["values"][begins[at] : begins[at + 1]])

    def first_hash(self, node: int) -> bytes:
        """Return the hash of the text that brought the node in."""
        return self.arrays["hashes"][node - self.first_node].tobytes()

    def owners(self, kind: str, keys: Keys) -> Iterator[tuple[int, Ints]]:
        """Yield (position in `keys`, nodes that hold this key) for keys the segment knows."""
        known = self.arrays[f"{kind}_keys"]
        lows = np.searchsorted(known, keys, side="left")
        highs = np.searchsorted(known, keys, side="right")
        for at in np.flatnonzero(highs > lows).tolist():
            yield at, self.arrays[f"{kind}_owners"][lows[at] : highs[at]].astype(np.int64) + self.first_node


@dataclass
class _Batch:
    """What is known of one batch: new nodes, and which texts came to which node."""

    first_node: int
    hashes: list[bytes] = field(default_factory=list)
    sets: list[Hashes] = field(default_factory=list)
    set_keys: list[int] = field(default_factory=list)
    sketches: NDArray[np.uint8] = field(default_factory=lambda: np.zeros((0, 0), np.uint8))
    bands: Keys = field(default_factory=lambda: np.zeros((0, 0), np.uint64))
    # Texts beyond the first of their node: (hash, node).
    extra: list[tuple[bytes, int]] = field(default_factory=list)


class NearDuplicateIndex:
    """The index in one folder, a context manager; one writer at a time (the refresh holds the lease)."""

    def __init__(self, folder: Path, checkpoint: Callable[[str], None] = lambda _: None) -> None:
        """Open or create the index; one of another version is emptied, for its texts are to be read again."""
        self.folder = folder
        self._checkpoint = checkpoint
        folder.mkdir(parents=True, exist_ok=True)
        try:
            self._db = sqlite3.connect(folder / "index.sqlite", isolation_level=None)
            self._db.execute("pragma journal_mode=wal")
            self._db.execute("pragma synchronous=full")
            self._db.executescript(_SCHEMA)
        except sqlite3.DatabaseError as error:
            raise DuplicateIndexError(
                f"{folder / 'index.sqlite'}: is no usable index ({error}); delete the folder {folder}, "
                "the next refresh builds it anew from the raw files"
            ) from error
        self._empty_if_other_version()
        self._sweep()
        self._segments = self._load_segments()

    def __enter__(self) -> NearDuplicateIndex:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the files."""
        self._segments = []
        self._db.close()

    def indexed_files(self) -> set[str]:
        """Return the ids of the files whose texts are in the index."""
        return {file_id for (file_id,) in self._db.execute("select file_id from indexed_file")}

    def add(self, texts: Mapping[str, str], file_ids: Iterable[str] = ()) -> int:
        """Admit texts by hash (hex of sha256) and mark the files they come from as read, in one transaction.

        Returns how many texts the groups have gained. Adding a text again changes nothing.
        """
        batch = self._batch_of(texts)
        found = self._links(batch)
        folder = self._write_segment(batch)
        self._checkpoint("mid_group")
        gained = self._commit(batch, found, folder, file_ids)
        self._checkpoint("after_group_commit")
        self._merge_small()
        return gained

    def _batch_of(self, texts: Mapping[str, str]) -> _Batch:
        """Return the new nodes of the texts; texts too short to compare are left out."""
        hashes = [bytes.fromhex(key) for key in sorted(texts)]
        skeletons = skeletons_of([texts[key] for key in sorted(texts)])
        meeting, compared = shingle(skeletons, MEETING), shingle(skeletons, COMPARING)
        filled = np.flatnonzero(meeting.sizes).tolist()
        keys = [_set_key(meeting.one(at), compared.one(at)) for at in filled]
        node_of = self._known_nodes(keys)
        batch = _Batch(self._next_node())
        fresh: list[int] = []
        for at, key in zip(filled, keys, strict=True):
            if key in node_of:
                batch.extra.append((hashes[at], node_of[key]))
                continue
            node_of[key] = batch.first_node + len(fresh)
            fresh.append(at)
            batch.hashes.append(hashes[at])
            batch.sets.append(compared.one(at))
            batch.set_keys.append(key)
        signatures = minhash(_packed([meeting.one(at) for at in fresh]))
        batch.sketches, batch.bands = sketches(signatures), band_keys(signatures)
        return batch

    def _known_nodes(self, keys: Sequence[int]) -> dict[int, int]:
        wanted = np.array(sorted(set(keys)), np.uint64)
        return {
            int(wanted[at]): int(nodes[0])
            for segment in self._segments
            for at, nodes in segment.owners("set", wanted)
        }

    def _next_node(self) -> int:
        return max((one.first_node + one.nodes for one in self._segments), default=0)

    def _links(self, batch: _Batch) -> _Union:
        """Compare every new node with those it shares a band key with; return what belongs together."""
        union = _Union(self._group_of)
        tested: set[tuple[int, int]] = set()
        for pairs in _pairs(self._buckets(batch)):
            alike = may_be_alike(self._sketches(pairs[:, 0], batch), self._sketches(pairs[:, 1], batch))
            for other, node in pairs[alike].tolist():
                if (other, node) in tested or union.find(node) == union.find(other):
                    continue
                tested.add((other, node))
                one, two = self._shingles(node, batch), self._shingles(other, batch)
                if overlap(one, two).is_alike:
                    union.join(node, other)
        return union

    def _sketches(self, nodes: Ints, batch: _Batch) -> NDArray[np.uint8]:
        """Return the sketches of nodes, stored or new."""
        found = np.empty((len(nodes), batch.sketches.shape[1]), np.uint8)
        is_new = nodes >= batch.first_node
        found[is_new] = batch.sketches[nodes[is_new] - batch.first_node]
        for segment in self._segments:
            here = (nodes >= segment.first_node) & (nodes < segment.first_node + segment.nodes)
            if here.any():
                found[here] = segment.arrays["sketches"][nodes[here] - segment.first_node]
        return found

    def _buckets(self, batch: _Batch) -> Iterator[tuple[list[int], list[int]]]:
        """Yield (stored nodes, new nodes) that share a band key, in the order of the keys."""
        keys = batch.bands.ravel()
        if not len(keys):
            return
        order = np.argsort(keys, kind="stable")
        begins = firsts_of(keys[order])
        distinct = keys[order[begins]]
        ends = np.append(begins[1:], len(keys))
        stored: dict[int, list[int]] = {}
        for segment in self._segments:
            for at, nodes in segment.owners("band", distinct):
                stored.setdefault(at, []).extend(nodes.tolist())
        width = batch.bands.shape[1]
        shared = {*np.flatnonzero(ends - begins > 1).tolist(), *stored}
        for at in sorted(shared):
            new = order[begins[at] : ends[at]] // width + batch.first_node
            yield stored.get(at, []), new.tolist()

    def _group_of(self, node: int) -> int | None:
        row = self._db.execute("select group_no from grouped where node_no = ? limit 1", [node]).fetchone()
        return None if row is None else int(row[0])

    def _segment_of(self, node: int) -> Segment:
        return next(one for one in self._segments if one.first_node <= node < one.first_node + one.nodes)

    def _shingles(self, node: int, batch: _Batch | None = None) -> Hashes:
        if batch is not None and node >= batch.first_node:
            return batch.sets[node - batch.first_node]
        return self._segment_of(node).shingles(node)

    def _first_hash(self, node: int, batch: _Batch) -> bytes:
        if node >= batch.first_node:
            return batch.hashes[node - batch.first_node]
        return self._segment_of(node).first_hash(node)

    def _commit(self, batch: _Batch, union: _Union, folder: str, file_ids: Iterable[str]) -> int:
        before = self._db.execute("select count(*) from grouped").fetchone()[0]
        self._db.execute("begin immediate")
        try:
            if folder:
                self._db.execute(
                    "insert into segment (folder, first_node, nodes) values (?, ?, ?)",
                    [folder, batch.first_node, len(batch.hashes)],
                )
            self._weigh(self._join_groups(batch, union), batch)
            self._db.executemany(
                "insert or ignore into indexed_file values (?)", [[one] for one in sorted(file_ids)]
            )
            self._set_meta("exported", "no")
            self._db.execute("commit")
        except BaseException:
            self._db.execute("rollback")
            raise
        self._segments = self._load_segments()
        return int(self._db.execute("select count(*) from grouped").fetchone()[0] - before)

    def _join_groups(self, batch: _Batch, union: _Union) -> set[int]:
        """Enter new members and merge groups; return the numbers of the groups that changed."""
        for text, node in batch.extra:
            if text != self._first_hash(node, batch) and not self._is_grouped(text):
                # A second text on a node makes a group of its own.
                union.find(node)
                union.texts.setdefault(node, []).append(text)
        changed: set[int] = set()
        number = self._db.execute("select coalesce(max(group_no), 0) from grouped").fetchone()[0]
        for nodes, groups, added in union.parts():
            if len(nodes) + len(added) + len(groups) < 2:
                continue
            if groups:
                target = groups[0]
            else:
                target = number = number + 1
            for other in groups[1:]:
                self._db.execute(
                    "update grouped set group_no = ?, similarity = -1 where group_no = ?", [target, other]
                )
            members = [*added, *((self._first_hash(node, batch), node) for node in nodes)]
            self._db.executemany(
                "insert or ignore into grouped values (?, ?, ?, -1)", [(*one, target) for one in members]
            )
            changed.add(target)
        return changed

    def _is_grouped(self, text: bytes) -> bool:
        row = self._db.execute("select 1 from grouped where score_input_hash = ?", [text]).fetchone()
        return row is not None

    def _weigh(self, groups: Iterable[int], batch: _Batch) -> None:
        """Give the members their similarity to the anchor of the group, which is its smallest hash."""
        for group in sorted(groups):
            rows = self._db.execute(
                "select score_input_hash, node_no, similarity from grouped where group_no = ?"
                " order by score_input_hash",
                [group],
            ).fetchall()
            anchor, anchor_node, weight = rows[0]
            # A similarity of 2 marks the anchor; a new anchor means new weights for all.
            is_old = weight == 2
            base = self._shingles(anchor_node, batch)
            updates = [(2.0, anchor)]
            updates += [
                (round(overlap(base, self._shingles(node, batch)).similarity, 6), text)
                for text, node, known in rows[1:]
                if not (is_old and 0 <= known <= 1)
            ]
            self._db.executemany("update grouped set similarity = ? where score_input_hash = ?", updates)

    def export(self) -> Path:
        """Write the groups as Parquet if they changed since the last time; return its path.

        One row per text of a group of at least two texts, ordered by hash: `GROUP_SCHEMA`.
        """
        path = self.folder / GROUP_FILE
        if path.is_file() and self._meta("exported") == "yes":
            return path
        rows = self._db.execute(
            "select score_input_hash, min(score_input_hash) over (partition by group_no),"
            " min(similarity, 1.0), count(*) over (partition by group_no)"
            " from grouped order by score_input_hash"
        ).fetchall()
        columns = list(zip(*rows, strict=True)) if rows else [(), (), (), ()]
        arrays = [[one.hex() for one in column] for column in columns[:2]] + [
            list(one) for one in columns[2:]
        ]
        table = pa.table(
            [pa.array(values, kind.type) for values, kind in zip(arrays, GROUP_SCHEMA, strict=True)],
            schema=GROUP_SCHEMA,
        )
        with replacing(path) as temporary:
            pq.write_table(table, temporary, compression="zstd")
        self._checkpoint("after_group_export")
        self._set_meta("exported", "yes")
        return path

    def _write_segment(self, batch: _Batch) -> str:
        """Write the new nodes as a segment and return its folder's name; '' if there are none."""
        if not batch.hashes:
            return ""
        packed = _packed(batch.sets)
        set_keys = np.array(batch.set_keys, np.uint64)
        by_set = np.argsort(set_keys, kind="stable")
        flat = batch.bands.ravel()
        by_band = np.argsort(flat, kind="stable")
        arrays = {
            "hashes": np.frombuffer(b"".join(batch.hashes), np.uint8).reshape(-1, 32),
            "sketches": batch.sketches,
            "set_keys": set_keys[by_set],
            "set_owners": by_set.astype(np.uint32),
            "band_keys": flat[by_band],
            "band_owners": (by_band // batch.bands.shape[1]).astype(np.uint32),
            "values": packed.values,
            "begins": packed.begins,
        }
        return self._store(arrays, batch.first_node)

    def _store(self, arrays: Mapping[str, NDArray[Any]], first_node: int) -> str:
        last = first_node + len(arrays["hashes"])
        name = f"segment-{first_node:010d}-{last:010d}"
        folder = self.folder / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for array in _ARRAYS:
            with (folder / f"{array}.npy").open("wb") as handle:
                np.save(handle, np.ascontiguousarray(arrays[array]))
                handle.flush()
                os.fsync(handle.fileno())
        sync_folder(folder)
        sync_folder(self.folder)
        return name

    def _load_segments(self) -> list[Segment]:
        rows = self._db.execute("select * from segment order by first_node").fetchall()
        segments = []
        for segment_id, name, first_node, nodes in rows:
            folder = self.folder / name
            try:
                arrays = {one: np.load(folder / f"{one}.npy", mmap_mode="r") for one in _ARRAYS}
            except (EOFError, OSError, ValueError) as error:
                raise DuplicateIndexError(
                    f"{folder}: a segment of the near-duplicate index is damaged ({error}); delete "
                    f"the folder {self.folder}, the next refresh builds it anew from the raw files"
                ) from error
            segments.append(Segment(segment_id, folder, first_node, nodes, arrays))
        return segments

    def _merge_small(self) -> None:
        """Merge the newest segments when there are many of one size class (neighbours by node number)."""
        tail: list[Segment] = []
        for segment in reversed(self._segments):
            if tail and segment.nodes > 2 * _MERGE_FROM * max(one.nodes for one in tail):
                break
            tail.append(segment)
        if len(tail) < _MERGE_FROM:
            return
        merged = tail[::-1]
        name = self._store(_merged(merged), merged[0].first_node)
        self._db.execute("begin immediate")
        marks = ",".join("?" * len(merged))
        ids = [one.segment_id for one in merged]
        self._db.execute(f"delete from segment where segment_id in ({marks})", ids)
        self._db.execute(
            "insert into segment (folder, first_node, nodes) values (?, ?, ?)",
            [name, merged[0].first_node, sum(one.nodes for one in merged)],
        )
        self._db.execute("commit")
        self._segments = self._load_segments()
        self._sweep()

    def _sweep(self) -> None:
        """Delete folders of segments that a killed run left, and those that were merged."""
        listed = {name for (name,) in self._db.execute("select folder from segment")}
        for folder in self.folder.glob("segment-*"):
            if folder.name not in listed:
                shutil.rmtree(folder, ignore_errors=True)

    def _empty_if_other_version(self) -> None:
        if self._meta("version") == INDEX_VERSION:
            return
        self._db.execute("begin immediate")
        for table in ("segment", "indexed_file", "grouped"):
            self._db.execute(f"delete from {table}")
        self._set_meta("version", INDEX_VERSION)
        self._set_meta("exported", "no")
        self._db.execute("commit")

    def _meta(self, name: str) -> str | None:
        row = self._db.execute("select value from meta where name = ?", [name]).fetchone()
        return None if row is None else str(row[0])

    def _set_meta(self, name: str, value: str) -> None:
        self._db.execute("insert or replace into meta values (?, ?)", [name, value])


class _Union:
    """What belongs together: nodes, and the groups some of them are already in."""

    def __init__(self, group_of: Callable[[int], int | None]) -> None:
        self._group_of = group_of
        self._parent: dict[int, int] = {}
        self._groups: dict[int, int] = {}
        self.texts: dict[int, list[bytes]] = {}

    def find(self, node: int) -> int:
        """Return the node that stands for all that belongs together with this one."""
        if node not in self._parent:
            self._parent[node] = node
            group = self._group_of(node)
            if group is not None:
                # Nodes of one stored group are one from the start.
                self._parent[node] = self._groups.setdefault(group, node)
        root = node
        while self._parent[root] != root:
            root = self._parent[root]
        while self._parent[node] != root:
            self._parent[node], node = root, self._parent[node]
        return root

    def join(self, one: int, other: int) -> None:
        """Put two nodes together."""
        first, second = sorted((self.find(one), self.find(other)))
        self._parent[second] = first

    def parts(self) -> Iterator[tuple[list[int], list[int], list[tuple[bytes, int]]]]:
        """Yield (nodes without a group, groups, further texts with their node) that belong together.

        Only parts that hold something new.
        """
        stored = {node: group for group, node in self._groups.items()}
        members: dict[int, tuple[list[int], list[int], list[tuple[bytes, int]]]] = {}
        for node in sorted(self._parent):
            nodes, groups, texts = members.setdefault(self.find(node), ([], [], []))
            if node in stored:
                groups.append(stored[node])
            elif self._group_of(node) is None:
                nodes.append(node)
            texts += [(text, node) for text in self.texts.get(node, ())]
        for _, (nodes, groups, texts) in sorted(members.items()):
            if len(nodes) + len(groups) > 1 or texts:
                yield nodes, sorted(groups), texts


# Pairs looked at together: 2 × 96 bytes each.
_PAIRS = 100_000
# Below, lists are faster than arrays.
_LARGE_BUCKET = 200


def _pairs(buckets: Iterable[tuple[list[int], list[int]]]) -> Iterator[Ints]:
    """Yield, some at a time, all (other, node) pairs of a bucket with a new node."""
    waiting: list[tuple[int, int]] = []
    for stored, new in buckets:
        if len(new) * (len(stored) + len(new)) > _LARGE_BUCKET:
            yield from _pairs_of_large(np.array(stored, np.int64), np.array(new, np.int64))
            continue
        for place, node in enumerate(new):
            waiting += [(other, node) for other in stored]
            waiting += [(other, node) for other in new[:place]]
        if len(waiting) >= _PAIRS:
            yield np.array(waiting, np.int64)
            waiting = []
    if waiting:
        yield np.array(waiting, np.int64)


def _pairs_of_large(stored: Ints, new: Ints) -> Iterator[Ints]:
    """Yield the pairs of one bucket, for some of the new nodes at a time."""
    step = max(1, _PAIRS // (len(stored) + len(new)))
    everyone = np.concatenate((stored, new))
    for start in range(0, len(new), step):
        nodes = new[start : start + step]
        places = np.arange(start, start + len(nodes)) + len(stored)
        others = np.arange(len(everyone))
        rows, columns = np.nonzero(others[None, :] < places[:, None])
        yield np.stack((everyone[columns], nodes[rows]), axis=1)


def _set_key(meeting: Hashes, compared: Hashes) -> int:
    both = meeting.tobytes() + compared.tobytes()
    return int.from_bytes(hashlib.blake2b(both, digest_size=8).digest(), "little")


def _packed(sets: Sequence[Hashes]) -> Shingled:
    sizes = np.fromiter(map(len, sets), np.int64, len(sets))
    values = np.concatenate(sets) if sets else np.zeros(0, np.uint32)
    return Shingled(values, np.concatenate(([0], np.cumsum(sizes))))


def _merged(segments: Sequence[Segment]) -> dict[str, NDArray[Any]]:
    """Return the arrays of neighbouring segments as one."""
    first = segments[0].first_node
    merged: dict[str, NDArray[Any]] = {
        name: np.concatenate([one.arrays[name] for one in segments])
        for name in ("hashes", "sketches", "values")
    }
    for kind in ("set", "band"):
        keys = np.concatenate([one.arrays[f"{kind}_keys"] for one in segments])
        owners = np.concatenate(
            [one.arrays[f"{kind}_owners"] + np.uint32(one.first_node - first) for one in segments]
        )
        order = np.argsort(keys, kind="stable")
        merged |= {f"{kind}_keys": keys[order], f"{kind}_owners": owners[order]}
    sizes = np.concatenate([np.diff(one.arrays["begins"]) for one in segments])
    return merged | {"begins": np.concatenate(([0], np.cumsum(sizes)))}
