"""The loss of preferences (DPO): the reference is the same weights with the adapter off."""

from collections import defaultdict
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from model.types import Image
from training.adapter_data import Collate
from training.adapter_pictures import PictureShelf
from training.adapter_rows import Row, Taught
from training.adapter_trainer import CHOOSING, IGNORED, AdapterTrainer, score_suffixes
from training.preferences import Pair, Preferences, anatomy_rows, draw_pairs

Compared = tuple[Image, Sequence[Pair], Sequence[Row]]
"""A picture, the pairs of answers about it, and its anatomy rows."""
HELD_PAIRS: Final = 4


@dataclass(frozen=True)
class Weights:
    """`beta` of DPO; how much the anatomy rows and the chosen answers' own likelihood count."""

    beta: float
    keep: float
    say: float


@dataclass(frozen=True)
class Scores:
    """float[R]: log-probability of each suffix, its mean over tokens, and tokens that are right."""

    total: Tensor
    mean: Tensor
    right: Tensor


class PreferenceData(Dataset[Compared]):
    """Item i depends on seed and i alone. A class because torch asks for one."""

    def __init__(
        self, policy: Preferences, taught: Sequence[tuple[Taught, PictureShelf]], draw: "Draw"
    ) -> None:
        """Pairs of this policy over these pictures, each with the shelf it is read from."""
        self._policy = policy
        self._taught = taught
        self._draw = draw

    def __len__(self) -> int:
        """Pictures in the whole run."""
        return self._draw.length

    def __getitem__(self, index: int) -> Compared:
        """The picture of this place; each once before any comes again."""
        turn, place = divmod(index, len(self._taught))
        order = np.random.default_rng([self._draw.seed, turn]).permutation(len(self._taught))
        one, shelf = self._taught[int(order[place])]
        generator = np.random.default_rng([self._draw.seed, index, 1])
        pairs = draw_pairs(self._policy, one, self._draw.pairs, generator)
        picture = shelf.varied(one.image, generator) if self._draw.augment else None
        return shelf.plain(one.image) if picture is None else picture, pairs, anatomy_rows(one)


@dataclass(frozen=True)
class Draw:
    """How many pictures a run looks at and how many pairs each is asked."""

    seed: int
    length: int
    pairs: int
    augment: bool


@dataclass(frozen=True)
class PreferenceCollate(Collate):
    """Two groups: chosen suffixes followed by as many rejected ones, then anatomy rows."""

    def __call__(self, drawn: Sequence[Any]) -> dict[str, Any]:
        """Inputs for PreferenceTrainer."""
        pairs = [(place, pair) for place, (_, asked, _) in enumerate(drawn) for pair in asked]
        rows = [(place, Row("chosen", one.prefix, one.chosen)) for place, one in pairs]
        rows += [(place, Row("rejected", one.prefix, one.rejected)) for place, one in pairs]
        anatomy = [(place, row) for place, (_, _, kept) in enumerate(drawn) for row in kept]
        pictures = [(image, ()) for image, _, _ in drawn]
        pixels: dict[int, Tensor] = {}
        groups = [self.group(pictures, part, pixels) for part in (rows, anatomy)]
        stacked = torch.stack([pixels[place] for place in range(len(drawn))])
        return {"pixel_values": stacked, "groups": groups}


class PreferenceTrainer(AdapterTrainer):
    """AdapterTrainer whose batches hold pairs."""

    def __init__(self, *, weights: Weights, **given: Any) -> None:
        """As AdapterTrainer; its `held` batches are of Compared."""
        super().__init__(**given)
        self._weights = weights

    def compute_loss(
        self,
        model: Any,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: Any = None,  # noqa: ARG002 - Trainer's signature
    ) -> Any:
        """DPO over the pairs, and what keeps anatomy and plain speech alive beside it."""
        pairs, anatomy = self._scores(model, inputs)
        with torch.no_grad():
            before = self._scores(model, inputs, is_reference=True)[0]
        loss = dpo_loss(pairs.total, before.total, self._weights.beta)
        chosen, _ = halves(pairs.mean)
        loss = loss - self._weights.keep * anatomy.mean.mean() - self._weights.say * chosen.mean()
        return (loss, []) if return_outputs else loss

    @torch.no_grad()
    def figures(self) -> dict[str, float]:
        """Over the held-out pairs: mean `margin` of the log-probabilities, the share `preferred`
        more than by the reference, `said` (tokens of the chosen answers that are the likeliest),
        and of the anatomy rows log-probability and exact answers."""
        self.model.eval()
        found: defaultdict[str, list[float]] = defaultdict(list)
        for batch in self._held:
            inputs = self._prepare_inputs(self.data_collator(batch))
            pairs, anatomy = self._scores(self.model, inputs)
            reference = self._scores(self.model, inputs, is_reference=True)[0]
            (chosen, rejected), (safe, unsafe) = halves(pairs.total), halves(reference.total)
            margin = chosen - rejected
            found["margin"] += margin.tolist()
            found["preferred"] += (margin > safe - unsafe).float().tolist()
            found["said"] += halves(pairs.right)[0].tolist()
            found["anatomy"] += anatomy.total.tolist()
            rows = [row for one in batch for row in one[2]]
            for row, right in zip(rows, anatomy.right.tolist(), strict=True):
                found[row.task].append(float(right == 1.0))
        means = {name: sum(values) / len(values) for name, values in sorted(found.items())}
        known = [means[task] for task in CHOOSING if task in means]
        score = (means["said"] + sum(known) / len(known)) / 2 if known else 0.0
        return {**means, "score": score}

    def _scores(
        self,
        model: Any,
        inputs: dict[str, Any],
        *,
        is_reference: bool = False,
    ) -> list[Scores]:
        groups = inputs["groups"][:1] if is_reference else inputs["groups"]
        peft = self.accelerator.unwrap_model(model)
        with peft.disable_adapter() if is_reference else nullcontext():
            scored = score_suffixes(model, self._paligemma(model), {**inputs, "groups": groups})
            return [suffix_scores(logits, labels) for logits, labels in scored]


def suffix_scores(logits: Tensor, labels: Tensor) -> Scores:
    """What the suffixes are worth: float[R, S, V] and int64[R, S] with IGNORED places."""
    is_told = labels != IGNORED
    wanted = labels.masked_fill(~is_told, 0).unsqueeze(-1)
    each = logits.float().log_softmax(-1).gather(-1, wanted).squeeze(-1) * is_told
    lengths = is_told.sum(1).clamp(min=1)
    right = ((logits.argmax(-1) == labels) & is_told).sum(1) / lengths
    return Scores(each.sum(1), each.sum(1) / lengths, right)


def dpo_loss(own: Tensor, reference: Tensor, beta: float) -> Tensor:
    """Mean of -log sigmoid(beta * (margin - the reference's margin)).

    Args:
        own: float[2R], log-probabilities of R chosen suffixes, then of their rejected ones.
        reference: the same with the adapter off.
    """
    chosen, rejected = halves(own - reference)
    return -torch.nn.functional.logsigmoid(beta * (chosen - rejected)).mean()


def halves(values: Tensor) -> tuple[Tensor, Tensor]:
    """The chosen ones' values and the rejected ones'."""
    half = len(values) // 2
    return values[:half], values[half:]
