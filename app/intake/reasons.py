"""The closed lists of keys a patient's page puts into words: why not, and what to know.

Reasons for a refusal (each page text says why and what to do next):

* ``empty``: no bytes arrived; choose the file again.
* ``too_large``: more bytes, or more bytes once unpacked, than this tablet may take.
* ``too_many_pixels``: the file declares a picture far larger than any scan.
* ``too_small``: fewer than 32 pixels on a side; too little to see.
* ``not_a_picture``: text, a program, or bytes of no known kind.
* ``unsupported_format``: a picture in a format or compression that is not read here (GIF, TIFF,
  AVIF, SVG, 12-bit JPEG in DICOM where dcmdjpeg is not installed …); a PNG or JPEG copy, or a
  photo of the screen, would do.
* ``pdf``: a document; often the written report instead of the picture.
* ``archive``: a packed folder of another kind than zip; open it and choose what is inside.
* ``locked_archive``: a zip folder with a password.
* ``table_of_contents``: the DICOMDIR of a CD by itself; the pictures lie beside it.
* ``video``: a film; choose one picture.
* ``broken``: recognised, but damaged, cut short or contradicting itself.
* ``no_pixels``: DICOM without a picture (a report, a plan).
* ``unsupported_modality``: DICOM of another kind than CT, MR or X-ray, such as ultrasound.
* ``not_a_person``: the header says that an animal was examined.
* ``two_patients``: the files carry two patient numbers; one examination at a time.
* ``too_slow``: opening it took longer than allowed, or too many others are being opened now.
* ``stopped``: whoever sent it does not wait for it any more.

Notes on an accepted scan:

* ``burned_in_annotation``: the header says, or its origin suggests, that text is in the pixels.
* ``writing_covered``: writing was found in the pixels and covered with black.
* ``middle_frame_shown``: the file holds several pictures; the middle one is used.
* ``turned_upright``: the photo was stored turned, and was turned back.
* ``photo_straightened``: a film, print or screen was found in the photo and straightened.
* ``photo_glare``: a lamp or a window is mirrored in it; another photo would show more.
* ``photo_blurred``: the photo is out of focus or shaken; another one would show more.
* ``made_smaller``: the picture was scaled down to what is shown here.
* ``proportions_corrected``: pixels were not square; the true proportions are shown.
* ``slices_thinned``: the series is longer than what is kept; slices were left out evenly.
* ``files_left_out``: other files of the same upload could not be shown.
"""

from typing import Final

REASONS: Final = (
    "empty",
    "too_large",
    "too_many_pixels",
    "too_small",
    "not_a_picture",
    "unsupported_format",
    "pdf",
    "archive",
    "locked_archive",
    "table_of_contents",
    "video",
    "broken",
    "no_pixels",
    "unsupported_modality",
    "not_a_person",
    "two_patients",
    "too_slow",
    "stopped",
)
NOTES: Final = (
    "burned_in_annotation",
    "writing_covered",
    "middle_frame_shown",
    "turned_upright",
    "photo_straightened",
    "photo_glare",
    "photo_blurred",
    "made_smaller",
    "proportions_corrected",
    "slices_thinned",
    "files_left_out",
)


class Refused(Exception):
    """Raised where a file cannot be taken; its reason is one of REASONS."""

    def __init__(self, reason: str) -> None:
        """Keep the reason key; a key outside REASONS is a mistake of the programmer."""
        assert reason in REASONS, reason
        super().__init__(reason)
        self.reason = reason
