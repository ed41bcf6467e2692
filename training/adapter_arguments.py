"""What transformers' Trainer is told for an adapter's run."""

from typing import Any

import torch
from transformers import TrainingArguments
from transformers.integrations import is_tensorboard_available

from training.adapter_config import AdapterConfig


def trainer_arguments(settings: AdapterConfig, *, has_held: bool) -> Any:
    """Checkpoints, log and evaluation are left to the callbacks of `train`."""
    return TrainingArguments(
        output_dir=str(settings.cache),
        max_steps=settings.steps,
        per_device_train_batch_size=settings.pictures,
        gradient_accumulation_steps=settings.accumulation,
        learning_rate=settings.learning_rate,
        weight_decay=settings.weight_decay,
        lr_scheduler_type="cosine",
        warmup_steps=max(1, round(settings.steps * settings.warmup_share)),
        max_grad_norm=settings.clip,
        optim="adamw_torch",
        bf16=settings.precision == "bf16" or torch.cuda.is_available(),
        use_cpu=not torch.cuda.is_available(),
        train_sampling_strategy="sequential",
        seed=settings.seed,
        logging_steps=1,
        save_strategy="no",
        save_total_limit=2,
        eval_strategy="steps" if has_held else "no",
        eval_steps=settings.evaluate_every,
        remove_unused_columns=False,
        label_names=["labels"],
        dataloader_pin_memory=False,
        # Ranks run different numbers of row groups, and nothing in the buffers ever changes.
        ddp_broadcast_buffers=False,
        disable_tqdm=True,
        report_to=["tensorboard"] if is_tensorboard_available() else [],
    )
