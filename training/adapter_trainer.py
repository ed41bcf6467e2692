"""The training loop: transformers' Trainer with shared vision, row losses and a held-out check."""

import json
import os
import shutil
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor
from transformers import Trainer
from transformers.modeling_outputs import BaseModelOutputWithPooling

from training.adapter_data import Collate
from training.average import WeightAverage

LENGTH_POWER: Final = 0.5
"""A row counts by the root of its suffix' length: captions and masks of fifty tokens would drown
one-word answers if every token counted alike, and vanish if every row did."""
IGNORED: Final = -100
CHOOSING: Final = ("modality", "plane", "region")
"""Tasks whose held-out accuracy chooses the best checkpoint."""
BEST_NAME: Final = "best"
SCORE_NAME: Final = "score.json"


class AdapterTrainer(Trainer):  # type: ignore[misc]
    """Trainer whose batches hold several rows for each picture."""

    loss_is_scaled_for_ga = False
    control: Any

    def __init__(self, *, held: Sequence[Sequence[Any]], **given: Any) -> None:
        """As Trainer; `held` are batches of Drawn that choose the best checkpoint."""
        super().__init__(**given)
        self._held = held
        self.average: WeightAverage | None = None

    def compute_loss(
        self,
        model: Any,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: Any = None,  # noqa: ARG002 - Trainer's signature
    ) -> Any:
        """Weighted mean of the rows' losses, over all groups of the batch together."""
        summed: Any = 0.0
        weight: Any = 0.0
        outputs: list[Tensor] = []
        for logits, labels in score_suffixes(model, self._paligemma(model), inputs):
            losses = torch.nn.functional.cross_entropy(
                logits.flatten(0, 1).float(),
                labels.flatten(),
                ignore_index=IGNORED,
                reduction="none",
            ).view_as(labels)
            lengths = (labels != IGNORED).sum(dim=1).clamp(min=1).float()
            weights = lengths**LENGTH_POWER
            summed = summed + (losses.sum(dim=1) / lengths * weights).sum()
            weight = weight + weights.sum()
            outputs.append(logits)
        return (summed / weight, outputs) if return_outputs else summed / weight

    def floating_point_ops(self, inputs: dict[str, Any]) -> int:  # noqa: ARG002
        """Not counted: rows come in groups that Trainer's estimate does not know."""
        return 0

    def evaluate(
        self,
        eval_dataset: Any = None,  # noqa: ARG002 - Trainer's signature
        ignore_keys: Any = None,  # noqa: ARG002 - Trainer's signature
        metric_key_prefix: str = "eval",
    ) -> dict[str, float]:
        """The held-out figures of the weights that would be kept, which are the average if any."""
        with self.average.in_place() if self.average else nullcontext():
            found = {f"{metric_key_prefix}_{name}": one for name, one in self.figures().items()}
            return self.tell(found)

    @torch.no_grad()
    def figures(self) -> dict[str, float]:
        """Share of held-out suffixes whose every token is the most likely one, by task."""
        self.model.eval()
        collate = self.data_collator
        assert isinstance(collate, Collate)
        hits: defaultdict[str, list[float]] = defaultdict(list)
        for batch in self._held:
            inputs = self._prepare_inputs(collate(batch))
            scored = score_suffixes(self.model, self._paligemma(self.model), inputs)
            right = [
                bool(one)
                for logits, labels in scored
                for one in ((logits.argmax(-1) == labels) | (labels == IGNORED)).all(dim=1)
            ]
            tasks = [row.task for _, rows in batch for row in rows]
            for task, is_right in zip(tasks, right, strict=True):
                hits[task].append(float(is_right))
        means = {task: sum(values) / len(values) for task, values in sorted(hits.items())}
        chosen = [means[task] for task in CHOOSING if task in means]
        return {**means, "score": sum(chosen) / max(len(chosen), 1)}

    def tell(self, metrics: dict[str, float]) -> dict[str, float]:
        """Hand the held-out figures to the log and to what keeps the best weights."""
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(
            self.args, self.state, self.control, metrics
        )
        return metrics

    def _paligemma(self, model: Any) -> Any:
        return self.accelerator.unwrap_model(model).get_base_model()


def score_suffixes(model: Any, net: Any, inputs: dict[str, Any]) -> Iterator[tuple[Tensor, Tensor]]:
    """Logits and labels of the suffix places, by group: float[R, S, V] and int64[R, S].

    Args:
        model: what is called, so that wrappers for several processes see the call.
        net: the PaliGemma inside, for the pictures' features.
        inputs: a batch of Collate; padded on the left.
    """
    seen = net.get_image_features(inputs["pixel_values"].to(net.dtype)).pooler_output
    for group in inputs["groups"]:
        features = BaseModelOutputWithPooling(pooler_output=seen[group["picture_of_row"]])
        labels = group["labels"]
        length = int((labels != IGNORED).sum(dim=1).max())
        outputs = model(
            input_ids=group["input_ids"],
            attention_mask=group["attention_mask"],
            token_type_ids=group["token_type_ids"],
            mm_encoder_outputs={"image": features},
            use_cache=False,
            logits_to_keep=length + 1,
        )
        yield outputs.logits[:, :-1], labels[:, -length:]


def keep_best(model: Any, folder: Path, step: int, metrics: dict[str, float]) -> bool:
    """Keep these weights as the best of the run if their score is; True when it is.

    The folder appears whole or not at all: a run may be killed at any moment.
    """
    best = folder / BEST_NAME
    if best.is_dir() and read_score(folder)["score"] >= metrics["eval_score"]:
        return False
    fresh = folder / f"{BEST_NAME}.new"
    shutil.rmtree(fresh, ignore_errors=True)
    model.save_pretrained(str(fresh))
    said = {"step": step, "score": metrics["eval_score"], "metrics": metrics}
    (fresh / SCORE_NAME).write_text(json.dumps(said), encoding="utf-8")
    old = folder / f"{BEST_NAME}.old"
    shutil.rmtree(old, ignore_errors=True)
    if best.exists():
        os.replace(best, old)
    os.replace(fresh, best)
    shutil.rmtree(old, ignore_errors=True)
    return True


def read_score(folder: Path) -> dict[str, Any]:
    """What keep_best wrote down beside the best weights: step, score, metrics."""
    said: dict[str, Any] = json.loads((folder / BEST_NAME / SCORE_NAME).read_text(encoding="utf-8"))
    return said
