"""Goal: whatever text is stored comes back as it was, packed by this version or stored plainly by an earlier one."""

from __future__ import annotations

import json
import random
import tracemalloc
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from onebox.services.dynamodb.store.items import ItemStore
from onebox.services.dynamodb.values.keys import Position
from onebox.services.sqs.store.messages import MessageStore
from onebox.storage import opening
from onebox.storage.copies import backup, check
from onebox.storage.database import Storage
from onebox.storage.folder import DATABASE_NAME
from onebox.storage.migrate import load_scripts, migrate
from onebox.storage.opening import PAGE_BYTES, open_connection
from onebox.storage.packing import PACKED_FROM_BYTES, UNPACKED_BYTES_MAX, DamagedText, Packer

packer = Packer()


@given(st.text(), st.integers(1, 400))
def test_every_text_comes_back(text: str, times: int) -> None:
    data = (text * times).encode("utf-8", "replace")
    assert packer.unpack(packer.pack(data)) == data
    assert packer.unpack(data) == data, "as an earlier version has stored it"


def test_a_large_text_takes_less_and_a_small_or_random_one_stays() -> None:
    order = json.dumps({"lines": [{"sku": f"sku-{n}", "quantity": n} for n in range(60)]}).encode()
    assert len(packer.pack(order)) < len(order) / 3
    small = order[: PACKED_FROM_BYTES - 1]
    assert packer.pack(small) is small
    noise = "".join(map(chr, random.Random(1).choices(range(0x20, 0x7F), k=4_000))).encode()
    assert packer.unpack(packer.pack(noise)) == noise


def promising(size_bytes: int) -> bytes:
    """A frame whose header promises so much, and whose one block is empty."""
    return zstandard.FRAME_HEADER + b"\xe0" + size_bytes.to_bytes(8, "little") + b"\x01\0\0"


PACKED = zstandard.ZstdCompressor().compress(b"order " * 1_000)


@pytest.mark.parametrize(
    "stored",
    [
        promising(1 << 40),
        promising(UNPACKED_BYTES_MAX + 1),
        zstandard.ZstdCompressor().compress(bytes(UNPACKED_BYTES_MAX + 1)),
        zstandard.ZstdCompressor(write_content_size=False).compress(b"order " * 1_000),
        promising(1_000),
        PACKED[:-1],
        PACKED + b"more",
        zstandard.FRAME_HEADER,
    ],
    ids=["1 TiB", "too large", "bomb", "no length", "too short", "cut", "longer", "head"],
)
def test_a_damaged_packed_text_is_refused_and_takes_no_memory(stored: bytes) -> None:
    tracemalloc.start()
    with pytest.raises(DamagedText):
        packer.unpack(stored)
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


BODY = json.dumps({"order": "x" * 3_000})
ITEM = json.dumps({"orderId": {"S": "1"}, "note": {"S": "x" * 3_000}}).encode()
LAST_PLAIN_VERSION = 57
AT = Position(b"key", b"")


def make_old_folder(folder: Path) -> None:
    """A database as the version before made it: pages of 4 KiB, texts as they are."""
    database = folder / DATABASE_NAME
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(opening, "PAGE_BYTES", 4096)
        connection = open_connection(database)
    for number, script in sorted(load_scripts().items()):
        if number <= LAST_PLAIN_VERSION:
            connection.execute(f"{script}; PRAGMA user_version = {number}").fetchall()
    connection.execute("INSERT INTO sqs_message VALUES (7, 1, 0, 0, 0, 5, NULL, NULL, NULL, 0, 0)")
    columns = "id, message_id, body, body_md5, sent_at_ms, sender_id"
    connection.execute(f"INSERT INTO sqs_body ({columns}) VALUES (7, 'm', ?, '', 5, 's')", (BODY,))
    columns = "table_id, partition_key, sort_key, size_bytes, item"
    connection.execute(f"INSERT INTO dynamodb_items ({columns}) VALUES (1, ?, ?, 3020, ?)", (*AT, ITEM))
    connection.close()


def page_bytes(database: Path) -> int:
    return int.from_bytes(database.read_bytes()[16:18], "big")


def test_a_folder_of_the_version_before_is_read_and_written_on(tmp_path: Path) -> None:
    make_old_folder(tmp_path)
    database = tmp_path / DATABASE_NAME
    connection = open_connection(database)
    migrate(connection)
    storage = Storage(connection, lambda _: None)
    (message,) = MessageStore(storage).find_ready(1, 10)
    assert message.body == BODY
    items = ItemStore(storage)
    item = items.find_item(1, AT)
    assert item is not None
    assert item.data == ITEM
    items.replace_item(item.item_id, item.size_bytes, None, ITEM)
    assert items.find_item(1, AT) == item
    assert connection.execute("SELECT length(item) FROM dynamodb_items").get < len(ITEM) / 10, (
        "written anew, not packed"
    )
    connection.close()
    assert page_bytes(database) == 4096
    backup(database, tmp_path / "copy.db", lambda _, __: None)
    assert check(tmp_path / "copy.db", lambda _, __: None).is_sound


def test_new_databases_have_small_pages(tmp_path: Path) -> None:
    connection = open_connection(tmp_path / "t.db")
    migrate(connection)
    connection.close()
    assert page_bytes(tmp_path / "t.db") == PAGE_BYTES
