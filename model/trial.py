"""A last look at an adapter before it answers patients: a black picture holds nothing."""

from typing import Final

import numpy as np

from model.answering import recognise
from model.opening import Engine
from model.segmentation import GROUP_SIZE, find_regions
from model.types import AdapterMismatch

_SIDE: Final = 224


def try_out(engine: Engine) -> None:
    """Show the engine a black picture, through the code that serves patients.

    Raises:
        AdapterMismatch: it takes blackness for a scan, or colours a part of the body in it.
    """
    black = np.zeros((_SIDE, _SIDE, 3), dtype=np.uint8)
    listed = engine.structures_adapter()
    if recognise(engine.backend, black, "", structures_adapter=listed).is_scan:
        raise AdapterMismatch("With this adapter a black picture is taken for a scan.")
    names = engine.current().structures[:GROUP_SIZE]
    found = find_regions(engine.backend, black, "", names, engine.codec, adapter=listed)
    if found.regions:
        raise AdapterMismatch("With this adapter something is coloured in a black picture.")
