"""Opening what is shipped: with its codec, its manifest and, where there is one, its adapter."""

from pathlib import Path

import numpy as np
import pytest
from pydicom.data import get_testdata_file

from model.adapters import BASE_ALONE
from model.answering import recognise
from model.compact_folder import shipped_adapter
from model.manifest import Manifest
from model.opening import Engine, open_engine
from model.picture_file import image_digest, read_picture
from model.scripted import ScriptedBackend
from model.segmentation import find_regions
from model.types import BackendUnavailable
from model.vocabulary import MODALITIES
from tests.model.tiny import make_tiny

BASE = Manifest(name="compact", structures=("liver",), modalities=("CT",), may_use_category=True)


class NoCodec:
    def decode(self, codes: np.ndarray) -> np.ndarray:
        raise AssertionError("nothing is decoded here")


def test_the_adapter_that_is_on_decides_what_is_offered() -> None:
    live = [Manifest(name="knees", structures=("left knee",), may_use_category=True)]
    engine = Engine(ScriptedBackend({}), NoCodec(), BASE, lambda: live[0] if live else None)
    assert engine.current().structures == ("left knee",)
    assert engine.current().modalities == ("CT",)
    assert engine.current().may_use_category is True
    live.clear()
    assert engine.current().structures == ("liver",)
    assert engine.current().may_use_category is False  # only an adapter can have earned it


def test_questions_go_to_the_base_where_the_adapter_was_taught_other_tasks() -> None:
    live = [Manifest(name="knees", tasks=("modality", "plane"))]
    engine = Engine(ScriptedBackend({}), NoCodec(), BASE, lambda: live[0] if live else None)
    assert engine.questions_adapter() == BASE_ALONE
    live[0] = Manifest(name="talks", tasks=("question",))
    assert engine.questions_adapter() is None
    live[0] = Manifest(name="says nothing of it")
    assert engine.questions_adapter() is None
    live.clear()
    assert engine.questions_adapter() is None


@pytest.mark.torch
def test_the_shipped_model_looks_at_a_real_slice(compact_model: Path) -> None:
    engine = open_engine(device="cpu")
    assert engine.manifest.structures
    assert compact_model.name == engine.manifest.name
    info = engine.backend.info()
    assert (info.adapter is None) == (shipped_adapter() is None)
    assert info.is_demonstration
    image = read_picture(Path(str(get_testdata_file("CT_small.dcm"))))
    digest = image_digest(image)
    assert recognise(engine.backend, image, digest).modality in MODALITIES
    found = find_regions(engine.backend, image, digest, engine.manifest.structures, engine.codec)
    assert {refused.reason for refused in found.rejected} <= {"empty_mask"}
    assert all(r.mask is not None and r.mask.shape == (128, 128) for r in found.regions)


@pytest.mark.torch
def test_a_model_without_its_codec_is_a_sentence(tmp_path: Path) -> None:
    folder = make_tiny(tmp_path / "base", width=32)
    with pytest.raises(BackendUnavailable, match=r"mask_codec\.npz or vae-oid\.npz"):
        open_engine(str(folder))
    (folder / "vae-oid.npz").write_bytes(b"not the published file")
    with pytest.raises(BackendUnavailable, match="digest"):
        open_engine(str(folder))
