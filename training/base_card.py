"""The compact base's model card and licence text, written from its manifest."""

from pathlib import Path
from typing import Any

_LICENCE = """Licence of the weights in this folder

These weights were trained from scratch on public research pictures. Some of those pictures may be
used for non-commercial purposes only, and for some no licence is stated at their source; README.md
in this folder lists every source. For that reason the weights, the mask codec and the tokenizer in
this folder are given for research and demonstration only:

1. You may run, study, copy and fine-tune them for research, teaching and demonstration.
2. You may not use them commercially, and you may not use them for the care of patients.
3. Copies and derived weights carry this text and the list of sources.
4. They come without any warranty. They are not a medical device and give no diagnosis.

The program's own source code has its own licence (see the top folder).
"""

_CARD = """# Compact base

A PaliGemma-architecture model of {parameters:,} parameters (about {megabytes:.0f} MB in
bfloat16), trained from scratch on two CPU cores. It names and outlines parts of the body in
CT, MR and X-ray pictures and answers short questions about them. It is small, it was trained
for a few hours at most, and it makes mistakes: it is for research and demonstration, not for care.

Architecture: SigLIP vision tower and Gemma language model as in transformers'
`PaliGemmaForConditionalGeneration`; {image_size} x {image_size} pixels; own tokenizer with
PaliGemma's place and mask tokens; own mask codec in the layout of the published one. No
published weights were used.

## Figures
{metrics}

How they are measured: `python -m training evaluate`, through the serving code, on the splits
that their names start with.{views}
`mean_dice`: every structure of kind anatomy that covers at least 0.05 % of its picture is
asked for on its own, one without a mask counts 0, `atlas_dice` is what
its mean train mask gives without looking. `absent_false_easy`: names that train pictures show
in other regions only; `absent_false_hard`: names that other slices of the same volume show.
`malformed_share` is counted with the serving grammar off. "off" is this folder alone, "on" the
adapter that lies beside it. These pictures come from the same sources as the training
pictures, and SLAKE does not name patients, so the figures flatter the model.

## Data
{data}

{medpix} VQA-RAD pictures that also occur in MedPix were left
out. The modality of 46 VQA-RAD heads and the usual plane of VQA-RAD and SLAKE X-rays were
filled in where the questions do not tell.

## Known limits
* {offered} structures are offered; {unreliable} more were seen in fewer than three training
  volumes and are not offered.
* Brain MR is mostly skull-stripped, chest X-rays mostly of pneumonia patients; no limbs, no
  breast, hardly any spine or neck.
* A mask comes from cells of a fortieth of the picture: right for showing, wrong for measuring.
* Answers to questions about disease are not reliable and must pass the guardrail.
"""


_VIEWS = """ Words and masks are what five slightly different
views of a picture give together, as they are served: masks from the cell head, which reads the
picture's tokens beside the language side. `_mask_tokens` is what the language side's own mask
tokens give, the picture seen once."""


UNLABELLED = "MedPix 2.0, pictures of train cases without labels"
"""The source that the masked stage adds; the card says so where the manifest lists it."""


def write_card(path: Path, manifest: dict[str, Any]) -> None:
    """Write README.md of the base from its manifest; every number in it is the manifest's."""
    metrics = "\n".join(
        ["| figure | value |", "| --- | --- |"]
        + [f"| {name} | {value} |" for name, value in manifest["metrics"].items()]
    )
    data = "\n".join(f"* {one['name']}: {one['licence']}" for one in manifest["data"])
    saw_medpix = any(one["name"] == UNLABELLED for one in manifest["data"])
    medpix = "Of MedPix, pictures of train cases were used without labels."
    is_told_apart = any(name.endswith("_mask_tokens") for name in manifest["metrics"])
    text = _CARD.format(
        views=_VIEWS if is_told_apart else "",
        parameters=manifest["parameters"],
        megabytes=manifest["parameters"] * 2 / 1e6,
        image_size=manifest["image_size"],
        metrics=metrics,
        data=data,
        medpix=medpix if saw_medpix else "MedPix pictures and labels were not used.",
        offered=len(manifest["structures"]),
        unreliable=len(manifest["not_yet_reliable"]),
    )
    path.write_text(text, encoding="utf-8")


def write_licence(path: Path) -> None:
    """Write the licence text of the weights."""
    path.write_text(_LICENCE, encoding="utf-8")
