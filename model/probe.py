"""The fixed question about a drawn picture that shows whether an adapter changes anything."""

from typing import Final

import numpy as np

from model.prompts import MODALITY_QUESTION, answer_prefix
from model.types import Image

PROBE_PREFIX: Final = answer_prefix(MODALITY_QUESTION)
_SIDE: Final = 224


def probe_picture() -> Image:
    """uint8[224, 224, 3]: a bright ring with a grey slope inside, drawn, the same every time."""
    y, x = np.mgrid[0:_SIDE, 0:_SIDE] - (_SIDE - 1) / 2
    distance = np.hypot(y * 0.9, x * 1.2)
    slope = np.clip(90 + x * 0.5 + y * 0.2, 0, 255)
    grey = np.where(distance < 80, slope, 0.0)
    grey = np.where((distance >= 80) & (distance < 92), 230.0, grey)
    return np.repeat(np.rint(grey).astype(np.uint8)[:, :, None], 3, axis=2)
