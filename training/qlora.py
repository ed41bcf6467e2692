"""Opening a PaliGemma for adapter training: frozen, if asked in NF4, with LoRA where intended."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from training.adapter_config import AdapterConfig, SettingsError
from training.targets import Targets, matched, targets_of

IMAGE_MARK: Final = "<image>"


@dataclass(frozen=True)
class Trainable:
    """A base with LoRA on top (peft's PeftModel), its processor, and what LoRA touches."""

    model: Any
    processor: Any
    side: int
    targets: Targets
    trained_parameters: int


def open_trainable(base: Path, settings: AdapterConfig) -> Trainable:
    """The base of a folder with fresh LoRA layers; the base itself is frozen.

    Raises:
        SettingsError: the folder holds no PaliGemma.
        TargetError: the pattern hits another number of layers than it must.
    """
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoProcessor

    torch.manual_seed(settings.seed)
    net = _load(base, settings.quantize)
    targets = targets_of(net.config, settings.targets)
    linear = [name for name, module in net.named_modules() if isinstance(module, torch.nn.Linear)]
    matched(linear, targets)
    config = LoraConfig(
        r=settings.rank,
        lora_alpha=settings.alpha,
        lora_dropout=settings.dropout,
        target_modules=targets.pattern,
        task_type="CAUSAL_LM",
    )
    model = get_peft_model(net, config)
    _check_touched(model, targets)
    if settings.start is not None:
        go_on_from(model, settings.start, base)
    if settings.checkpointing:
        net.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    processor = AutoProcessor.from_pretrained(base, local_files_only=True)
    # Suffixes end together on the right, so that the head reads only the last places.
    processor.tokenizer.padding_side = "left"
    side = int(net.config.vision_config.image_size)
    return Trainable(model, processor, side, targets, trained)


def go_on_from(model: Any, adapter: Path, base: Path) -> None:
    """Put the weights of a finished adapter into fresh LoRA layers of the same shape.

    Raises:
        AdapterMismatch: the adapter's folder is not whole, or it belongs to another base.
        SettingsError: its rank or layers are others.
    """
    from peft import get_peft_model_state_dict, set_peft_model_state_dict
    from safetensors.torch import load_file

    from model.adapters import WEIGHTS_NAME, base_digest, read_adapter

    read_adapter(adapter, base_digest(base))
    stored = load_file(adapter / WEIGHTS_NAME)
    fresh = get_peft_model_state_dict(model)
    shapes = {name: tensor.shape for name, tensor in stored.items()}
    if shapes != {name: tensor.shape for name, tensor in fresh.items()}:
        raise SettingsError(f"{adapter} has another rank or other layers than these settings")
    set_peft_model_state_dict(model, stored)


def encode_rows(processor: Any, images: list[Any], prefixes: list[str], suffixes: list[str]) -> Any:
    """The processor's own training inputs, with labels on the suffix only.

    Args:
        images: uint8[S, S, 3] for each row.
        prefixes: from model.prompts; the processor adds the closing newline itself.
    """
    texts = [IMAGE_MARK + prefix.removesuffix("\n") for prefix in prefixes]
    return processor(
        images=images, text=texts, suffix=suffixes, return_tensors="pt", padding="longest"
    )


def _load(base: Path, quantize: str) -> Any:
    import torch
    from transformers import BitsAndBytesConfig, PaliGemmaForConditionalGeneration

    has_card = torch.cuda.is_available()
    number = torch.bfloat16 if has_card else torch.float32
    packing = None
    if quantize == "nf4":
        packing = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=number,
        )
    try:
        net = PaliGemmaForConditionalGeneration.from_pretrained(
            base,
            dtype=number,
            quantization_config=packing,
            device_map={"": "cuda" if has_card else "cpu"} if packing else None,
            use_safetensors=True,
            local_files_only=True,
        )
    except (OSError, ValueError) as error:
        raise SettingsError(f"{base} holds no PaliGemma that can be loaded: {error}") from error
    for layer in net.modules():
        if hasattr(layer, "support_avx512bf16_for_cpu"):
            # The first held-out check would pack these layers for answering, and products with
            # packed layers have no backward pass: every later step would teach little or fail.
            layer.support_avx512bf16_for_cpu = False
    if not has_card:
        # The backward pass of fused attention is several times slower there than plain products.
        net.set_attn_implementation("eager")
    return net.requires_grad_(False)


def _check_touched(model: Any, targets: Targets) -> None:
    touched = [
        name.removeprefix("base_model.model.")
        for name, module in model.named_modules()
        if hasattr(module, "lora_A")
    ]
    matched(touched, targets)
