"""The disposable process: bounded, poor in knowledge, and answering the same every time."""

import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from app.intake import process
from app.intake.limits import DEFAULT_LIMITS
from app.intake.reasons import Refused
from app.intake.receive import Limits, ReceivedScan, Refusal, receive
from app.intake.wire import (
    READY,
    Decoded,
    Facts,
    Order,
    pack_decoded,
    pack_order,
    pack_refusal,
    unpack_answer,
    unpack_order,
)
from tests.app.intake.made_files import ct_dataset, file_of, ramp, shipped

NOISE = np.random.default_rng(7).integers(0, 256, (1500, 1500, 3), dtype=np.uint8)


def test_same_bytes_give_the_same_answer_twice() -> None:
    # Uninitialised memory in an answer would differ from one process to the next.
    for name in ("CT_small.dcm", "MR_small_RLE.dcm", "MR_small_jp2klossless.dcm", "693_J2KI.dcm"):
        first, second = receive(shipped(name)), receive(shipped(name))
        assert isinstance(first, ReceivedScan)
        assert first == second


def test_wall_time_out_is_a_reason() -> None:
    side = 5400
    large = file_of(ct_dataset(ramp(), Rows=side, Columns=side, PixelData=bytes(2 * side * side)))
    assert receive(large, limits=Limits(wall_seconds=0.01)) == Refusal("too_slow")


def test_the_start_of_the_child_does_not_count_but_has_a_limit_of_its_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    late = tmp_path / "late"
    late.write_text(f'#!/bin/sh\nsleep 4\nexec "{sys.executable}" "$@"\n', encoding="utf-8")
    late.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(late))
    brief = Limits(wall_seconds=3.5)
    assert isinstance(receive(shipped("CT_small.dcm"), limits=brief), ReceivedScan)
    monkeypatch.setattr(process, "START_SECONDS", 0.2)
    assert receive(shipped("CT_small.dcm"), limits=brief) == Refusal("too_slow")


def test_processor_limit_is_a_reason() -> None:
    side = 5400
    large = ct_dataset(ramp(), Rows=side, Columns=side, PixelData=bytes(2 * side * side))
    assert receive(file_of(large), limits=Limits(cpu_seconds=1)) == Refusal("too_slow")


def test_child_knows_no_setting_of_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTEROOM_SECRET_KEY", "a-secret-of-the-server")
    known = process.environment()
    assert "a-secret-of-the-server" not in known.values()
    assert set(known) <= {*process._ENVIRONMENT, "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"}


def test_no_free_place_is_a_reason_and_not_a_queue_without_end() -> None:
    hasty = Limits(wall_seconds=0.05)
    taken = [process._FREE_PLACES.acquire(timeout=5) for _ in range(process.MAX_CHILDREN)]
    try:
        assert all(taken)
        assert receive(shipped("CT_small.dcm"), limits=hasty) == Refusal("too_slow")
    finally:
        process._FREE_PLACES.release(process.MAX_CHILDREN)


def test_many_threads_receive_at_once() -> None:
    answers: list[object] = []
    threads = [
        threading.Thread(target=lambda: answers.append(receive(shipped("MR_small.dcm"))))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 6
    assert all(answer == answers[0] for answer in answers)
    assert isinstance(answers[0], ReceivedScan)


def test_child_says_nothing_but_its_answer() -> None:
    order = pack_order(Order("dicom", False, DEFAULT_LIMITS), shipped("MR_small_padded.dcm"))
    ended = subprocess.run(
        [sys.executable, "-m", "app.intake.decode", str(2**30), "5"],
        input=order,
        capture_output=True,
        cwd=process.ROOT,
        check=True,
        timeout=60,
    )
    # pydicom warns about the padding of this file; the warning must reach neither stream.
    assert ended.stderr == b""
    answer = ended.stdout.removeprefix(READY)
    assert unpack_answer(answer, DEFAULT_LIMITS).pixels.shape == (64, 64, 3)


def test_child_that_dies_without_an_answer_means_broken() -> None:
    nonsense = Order("dicom", False, Limits(memory_bytes=2**70))
    with pytest.raises(Refused) as caught:
        process.decode_apart(nonsense, shipped("MR_small.dcm"))
    assert caught.value.reason == "broken"


def test_orders_and_answers_survive_the_pipe() -> None:
    order = Order("png", True, Limits(max_frames=7))
    assert unpack_order(pack_order(order, b"\x00bytes")) == (order, b"\x00bytes")
    answer = Decoded(NOISE[:64, :80], Facts(kept={"Modality": "MR"}, notes=("made_smaller",)))
    again = unpack_answer(pack_decoded(answer), DEFAULT_LIMITS)
    assert (again.pixels == answer.pixels).all()
    assert again.facts == answer.facts


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"\x00\x00\x00\x05{}",
        b"\xff\xff\xff\xff{}",
        b"\x00\x00\x00\x02[]",
        b"\x00\x00\x00\x04none",
        pack_refusal("too_slow")[:-1],
        pack_refusal("nobody_knows_this_reason"),
        pack_decoded(Decoded(NOISE[:64, :64], Facts()))[:-1],
        pack_decoded(Decoded(NOISE[:64, :64], Facts())) + b"more",
        pack_decoded(Decoded(NOISE[:16, :64], Facts())),
        pack_decoded(Decoded(NOISE[:1200, :64], Facts())),
    ],
)
def test_broken_answer_of_a_child_is_a_broken_file(message: bytes) -> None:
    with pytest.raises(Refused) as caught:
        unpack_answer(message, DEFAULT_LIMITS)
    assert caught.value.reason == "broken"
