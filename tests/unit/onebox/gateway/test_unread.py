"""Goal: unread answers take no more memory than they may, small ones never wait, and those who wait go on in order."""

from __future__ import annotations

from collections.abc import Callable

from onebox.gateway.limits import UNREAD_BYTES_MAX
from onebox.gateway.unread import UnreadAnswers, name_operation

LARGE = UNREAD_BYTES_MAX // 4


class Client:
    """A connection whose client has not read so many bytes."""

    def __init__(self, unread_bytes: int = 0) -> None:
        self.unread_bytes = unread_bytes
        self.told = 0

    def go_on(self) -> None:
        self.told += 1


def filled(unread: UnreadAnswers, clients: int) -> list[Client]:
    """Clients that each have one large answer of Scan unread."""
    made = [Client(LARGE) for _ in range(clients)]
    for client in made:
        unread.gather(client, LARGE)
        unread.answered("Scan", LARGE, 0)
    return made


def test_large_answers_wait_in_order_until_there_is_room_and_small_ones_do_not_wait() -> None:
    unread = UnreadAnswers()
    slow = filled(unread, 4)
    first, second = Client(), Client()
    assert unread.admit(first, "Scan") is None
    assert unread.admit(second, "Scan") is None
    assert unread.admit(Client(), "ListTables") == 0
    assert (unread.is_holding, unread.wanted_bytes) == (True, LARGE)
    unread.read_on(slow[0])
    assert (first.told, second.told) == (1, 0)
    assert unread.admit(first, "Scan") == LARGE
    unread.give_back(LARGE)
    assert second.told == 1


def test_a_client_that_hangs_up_waits_no_more() -> None:
    unread = UnreadAnswers()
    filled(unread, 4)
    gone = Client()
    assert unread.admit(gone, "Scan") is None
    unread.closed(gone)
    assert (unread.is_holding, unread.wanted_bytes, gone.told) == (False, 0, 0)


def test_a_part_that_is_read_frees_nothing_and_the_rest_does() -> None:
    """The whole answer is in memory until its last byte is sent."""
    unread = UnreadAnswers()
    (slow,) = filled(unread, 1)
    slow.unread_bytes = 1
    assert unread.total_bytes() == LARGE
    slow.unread_bytes = 0
    assert unread.total_bytes() == 0


def test_an_answer_larger_than_the_room_is_made_when_nothing_else_is_unread() -> None:
    unread = UnreadAnswers()
    unread.answered("GET s3", 3 * UNREAD_BYTES_MAX, 0)
    assert unread.admit(Client(), "GET s3") == 3 * UNREAD_BYTES_MAX
    assert unread.admit(Client(), "GET s3") is None


def test_an_operation_whose_answers_are_small_again_is_forgotten() -> None:
    unread = UnreadAnswers()
    unread.answered("GET s3", UNREAD_BYTES_MAX, 0)
    for _ in range(10):
        unread.answered("GET s3", 0, 0)
    assert not unread.sizes


def test_invented_operations_take_bounded_memory() -> None:
    unread = UnreadAnswers()
    for number in range(2_000):
        unread.answered(name_operation("POST", {"x-amz-target": f"{number}" + "x" * 10_000}), LARGE, 0)
    assert len(unread.sizes) <= 256
    assert max(map(len, unread.sizes)) <= 100


def test_operations_without_a_target_are_told_apart_by_service_and_method() -> None:
    signed = {"authorization": "AWS4-HMAC-SHA256 Credential=k/20260101/us-east-1/s3/aws4_request, SignedHeaders=host"}
    assert name_operation("GET", signed) == "GET s3"
    assert name_operation("GET", {}) == "GET "


def test_many_clients_that_hang_up_in_one_turn_cost_one_look_for_room() -> None:
    soon: list[Callable[[], None]] = []
    unread = UnreadAnswers(soon.append)
    slow = filled(unread, 1_000)
    waiting = Client()
    assert unread.admit(waiting, "Scan") is None
    for client in slow:
        client.unread_bytes = 0
        unread.closed(client)
    assert (len(soon), waiting.told) == (1, 0)
    soon.pop()()
    assert waiting.told == 1
    assert unread.admit(waiting, "Scan") == LARGE
    assert not soon, "nobody waits"
