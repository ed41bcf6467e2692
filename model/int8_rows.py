"""The tied embedding and head held as one byte a number: each row with a scale of its own."""

from typing import Any, Final

import torch
from torch import Tensor, nn

_CHUNK_ROWS: Final = 16_384


class Int8Rows(nn.Module):
    """An embedding whose rows are int8[V, D] with a scale per row; also the head's weights."""

    weight: Tensor
    scale: Tensor

    def __init__(self, embedding: nn.Embedding) -> None:
        """Round the rows of this embedding, a chunk at a time."""
        super().__init__()
        weight = embedding.weight.data
        self.embed_scale = getattr(embedding, "scalar_embed_scale", 1.0)
        self.dtype = weight.dtype
        whole = torch.empty(weight.shape, dtype=torch.int8, device=weight.device)
        scale = torch.empty(len(weight), dtype=weight.dtype, device=weight.device)
        for start in range(0, len(weight), _CHUNK_ROWS):
            part = slice(start, start + _CHUNK_ROWS)
            rows = weight[part].float()
            largest = rows.abs().amax(dim=1).clamp(min=1e-12) / 127
            scale[part] = largest.to(weight.dtype)
            steps = scale[part].float()[:, None]  # as it is kept, so that rounding fits it
            whole[part] = (rows / steps).round().clamp(-127, 127).to(torch.int8)
        self.register_buffer("weight", whole)
        self.register_buffer("scale", scale)

    def forward(self, ids: Tensor) -> Tensor:
        """[..., D] of token numbers, scaled as Gemma scales its embedding."""
        return self.rows(ids) * torch.tensor(self.embed_scale, dtype=self.dtype)

    def rows(self, index: Tensor) -> Tensor:
        """[..., D]: some rows as numbers again."""
        return self.weight[index].to(self.dtype) * self.scale[index].unsqueeze(-1)


class Int8Head(nn.Module):
    """The output head on rows it shares with the embedding."""

    def __init__(self, shared: Int8Rows) -> None:
        """Read from these rows."""
        super().__init__()
        self.shared = shared

    def forward(self, hidden: Tensor) -> Tensor:
        """[..., V]: scores of the whole vocabulary."""
        shared = self.shared
        if hidden.device.type == "cpu" and hidden.dtype is torch.bfloat16:
            flat = hidden.reshape(-1, hidden.shape[-1])
            scores = torch.ops.aten._weight_int8pack_mm(flat, shared.weight, shared.scale)
            return scores.reshape(*hidden.shape[:-1], -1)  # type: ignore[no-any-return]
        parts = [
            nn.functional.linear(hidden, shared.weight[start : start + _CHUNK_ROWS].to(hidden))
            for start in range(0, len(shared.weight), _CHUNK_ROWS)
        ]
        return torch.cat(parts, dim=-1) * shared.scale.to(hidden)

    def rows(self, index: Tensor) -> Tensor:
        """[K, D]: some rows of the head."""
        return self.shared.rows(index)


def hold_rows_in_int8(net: Any) -> None:
    """Replace the tied embedding and head of a PaliGemma; the bfloat16 ones are given back."""
    shared = Int8Rows(net.get_input_embeddings())
    net.set_input_embeddings(shared)
    net.lm_head = Int8Head(shared)
