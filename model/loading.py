"""Weights from disk into their final form: quantised, packed for the processor, or left on disk."""

import ctypes
import mmap
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor, nn

from model.int8_rows import hold_rows_in_int8
from model.memory import Loading, WeightCount, check_room, what_would_fit
from model.types import BackendUnavailable

_LAYOUT_ROWS: Final = 256
"""Rows the packed layout is chosen for: the prefix of one picture at 224 px."""
_PACKED_OUTPUTS: Final = 32
_BLOCK_INPUTS: Final = 64
_DROP: Final = 4  # MADV_DONTNEED
_STAYS_IN_MEMORY: Final = ("embed", "norm", "lm_head", "rotary", "projector")


class PackedLinear(nn.Linear):
    """A linear layer in the processor's own layout; the same numbers, less work at each call.

    Its `weight` is empty: the packed form takes its place in memory.
    """

    packed: Tensor

    def forward(self, input: Tensor) -> Tensor:
        """As nn.Linear."""
        run: Any = torch.ops.mkldnn._linear_pointwise
        found: Tensor = run(input, self.packed, self.bias, "none", [], "")
        return found

    def packed_bytes(self) -> int:
        """Bytes of the packed weights."""
        return int(torch.ops.mkldnn._nbytes(self.packed))


def best_device() -> str:
    """A GPU where there is one."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def load_net(folder: Path, count: WeightCount, loading: Loading, device: str) -> Any:
    """The network of a checked folder in its final form, ready to answer.

    Raises:
        BackendUnavailable: too little memory, or weights that do not fit the settings.
    """
    _refuse_impossible(loading)
    check_room(count, loading, device, _free_card_bytes(device))
    # On a processor nothing is gained by halving a model this small.
    is_small = device == "cpu" and count.is_compact
    dtype = torch.float32 if is_small else torch.bfloat16
    net, found = _from_folder(folder, count, loading, device, dtype)
    lacking = sorted(found["missing_keys"]) + sorted(found["mismatched_keys"])
    if lacking:
        raise BackendUnavailable(
            f"The weights in {folder.name} lack {len(lacking)} tensors that their settings ask "
            f"for, {lacking[0]} among them."
        )
    net.eval().requires_grad_(False)
    if loading.quantize in ("nf4", "smallest"):
        leave_odd_layers_unpacked(net)
    if loading.quantize == "smallest":
        hold_rows_in_int8(net)
    if device == "cpu" and dtype is torch.bfloat16 and loading == Loading():
        pack_linear_layers(net)
    return net


def leave_odd_layers_unpacked(net: Any) -> None:
    """Keep bitsandbytes from packing four-bit layers whose shape its packing does not know.

    On a processor with AVX512-BF16 it packs 32 outputs and whole blocks of 64 inputs together, and
    fails at others: SigLIP's 4,304 inner features are neither.
    """
    for layer in net.modules():
        if hasattr(layer, "support_avx512bf16_for_cpu"):
            is_even = layer.out_features % _PACKED_OUTPUTS == 0
            is_whole = layer.in_features % _BLOCK_INPUTS == 0
            layer.support_avx512bf16_for_cpu &= is_even and is_whole


def pack_linear_layers(net: Any) -> None:
    """Turn every linear layer but the head into its packed form, one after another.

    Exact: the same bits as before, a prefix of 280 tokens a quarter sooner. What was read from the
    file is dropped as it goes, so that the weights are never in memory twice.
    """
    is_possible: bool = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    if not is_possible or not torch.ops.mkldnn._is_mkldnn_bf16_supported():
        return
    for layer in net.modules():
        if type(layer) is nn.Linear and layer is not net.lm_head:
            weight = layer.weight.data
            layer.__class__ = PackedLinear
            layer.packed = torch.ops.mkldnn._reorder_linear_weight(weight, _LAYOUT_ROWS)
            layer.weight = nn.Parameter(weight.new_empty(0), requires_grad=False)
            _let_go(weight)


def held_bytes(net: Any) -> int:
    """The bytes of all tensors of a network, tied ones once; what lies on disk does not count."""
    tensors = [tensor for tensor in (*net.parameters(), *net.buffers()) if not tensor.is_meta]
    packed = sum(layer.packed_bytes() for layer in net.modules() if isinstance(layer, PackedLinear))
    return packed + sum({tensor.data_ptr(): int(tensor.nbytes) for tensor in tensors}.values())


def unload(net: Any) -> None:
    """Give the memory of a network back; it cannot answer afterwards."""
    for layer in net.modules():
        if isinstance(layer, PackedLinear):
            del layer.packed
        layer._parameters.clear()  # not net.to("meta"): weights in four bits cannot go there
        layer._buffers.clear()


def _let_go(tensor: Tensor) -> None:
    """Give back the pages of a tensor that lies in a mapped file; nobody reads it any more."""
    page = mmap.PAGESIZE
    start = -(-tensor.data_ptr() // page) * page
    end = (tensor.data_ptr() + tensor.nbytes) // page * page
    if end > start:
        libc = ctypes.CDLL(None, use_errno=True)
        libc.madvise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), _DROP)


def _refuse_impossible(loading: Loading) -> None:
    if loading.offload == "disk" and loading.quantize != "none":
        raise BackendUnavailable(
            "Weights that stay on disk cannot be quantised: use offload=disk with quantize=none, "
            "or quantise and leave them in memory."
        )


def _free_card_bytes(device: str) -> int | None:
    if device == "cpu":
        return None
    return int(torch.cuda.mem_get_info(device)[0])


def _from_folder(
    folder: Path, count: WeightCount, loading: Loading, device: str, dtype: torch.dtype
) -> tuple[Any, dict[str, Any]]:
    from transformers import PaliGemmaForConditionalGeneration
    from transformers.utils import logging

    logging.disable_progress_bar()
    try:
        net, found = PaliGemmaForConditionalGeneration.from_pretrained(
            folder,
            dtype=dtype,
            quantization_config=_quantization(loading),
            device_map=_places(folder, loading, device),
            use_safetensors=True,
            local_files_only=True,
            output_loading_info=True,
        )
    except torch.cuda.OutOfMemoryError as error:
        card = torch.cuda.get_device_properties(device).total_memory
        raise BackendUnavailable(what_would_fit(count, loading.quantize, card)) from error
    except (OSError, ValueError, RuntimeError, ImportError) as error:
        raise BackendUnavailable(
            f"The weights in {folder.name} could not be loaded ({type(error).__name__})."
        ) from error
    return net, found


def _places(folder: Path, loading: Loading, device: str) -> Any:
    """accelerate's device map: where each part of the network lies."""
    if loading.offload == "none" or (loading.offload == "cpu" and device == "cpu"):
        return {"": device}
    if loading.offload == "cpu":
        return "auto"  # accelerate fills the card and leaves the rest in the machine's memory
    from transformers import AutoConfig, PaliGemmaForConditionalGeneration

    with torch.device("meta"):
        config = AutoConfig.from_pretrained(folder, local_files_only=True)
        net = PaliGemmaForConditionalGeneration(config)
    return disk_places(net, device)


def disk_places(net: Any, device: str) -> dict[str, str]:
    """A device map that leaves the numbered layers on disk and puts all others on the device."""
    places: dict[str, str] = {}
    for name, module in net.named_modules():
        has_own = next(module.parameters(recurse=False), None) is not None
        is_layer = name.rpartition(".")[2].isdigit()
        inside = any(name.startswith(f"{other}.") for other in places)
        if is_layer:
            places[name] = "disk"
        elif not inside and (has_own or any(part in name for part in _STAYS_IN_MEMORY)):
            places[name] = device
    return places


def _quantization(loading: Loading) -> Any:
    if loading.quantize == "none":
        return None
    from transformers import BitsAndBytesConfig

    if loading.quantize == "int8":
        return BitsAndBytesConfig(load_in_8bit=True)
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )
