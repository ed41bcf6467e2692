"""`training base`: the compact model from scratch: warm-ups, joint training, the folder."""

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from training.config import BaseConfig, ConfigError, add_config_arguments, read_config
from training.device import device

STAGES = ("masked", "dense", "joint", "export")


def open_model(config: BaseConfig, names: list[str]) -> tuple[Any, Any]:
    """(model, vocabulary) of a base whose tokenizer lies in `config.out`: fresh weights, or those
    of the folder `config.start_from`."""
    from tokenizers import Tokenizer

    from training.base_model import load_weights, make_model, set_place_rows
    from training.rows import read_vocabulary

    path = config.out / "tokenizer.json"
    if not path.is_file():
        raise ConfigError(f"{path}: run `training tokenizer` first")
    tokenizer = Tokenizer.from_file(str(path))
    image_tokens = (config.image_size // config.patch_size) ** 2
    vocabulary = read_vocabulary(tokenizer, names, image_tokens)
    model = make_model(config, tokenizer.get_vocab_size())
    if config.start_from:
        load_weights(model, config.start_from)
    else:
        set_place_rows(model, vocabulary.first_loc)
    if device().type == "cpu":
        # The backward pass of fused attention costs a quarter of a step there, products a tenth.
        model.set_attn_implementation("eager")
    return model.to(device()), vocabulary


def run_stage(config: BaseConfig, stage: str, report: Callable[[str], None]) -> None:
    """Run one stage; each resumes from its own state file under `config.out`."""
    from training.prepare import open_prepared

    torch.set_num_threads(config.threads)
    if stage == "masked":
        paint(config, report)
        return
    prepared = open_prepared(config)
    model, vocabulary = open_model(config, prepared.names)
    if stage == "dense":
        from training.dense_stage import DenseRun, warm_up

        warm_up(DenseRun(config, prepared, model, vocabulary, config.out / "dense.pt", report))
    elif stage == "joint":
        from training.joint_stage import JointRun, train_joint

        train_joint(JointRun(config, prepared, model, vocabulary, config.out, report))
    else:
        from training.base_folder import export_base

        export_base(config, prepared, model, report)


def paint(config: BaseConfig, report: Callable[[str], None]) -> None:
    """Run the masked stage; with `masked_minutes: 0` there is none."""
    from training.masked_stage import MaskedRun, learn_to_paint
    from training.masks import anatomy_names

    if config.masked_minutes <= 0:
        report("masked: left out, masked_minutes is 0")
        return
    model, _ = open_model(config, anatomy_names(config.data / "segmentation"))
    learn_to_paint(MaskedRun(config, model, config.out / "masked.pt", report))


def main(arguments: list[str]) -> int:
    """`training base`: train the compact base; stages masked, dense, joint, export in a row."""
    parser = argparse.ArgumentParser(prog="training base", description=main.__doc__)
    add_config_arguments(parser)
    parser.add_argument("--stage", choices=(*STAGES, "all"), default="all")
    options = parser.parse_args(arguments)
    config = read_config(options)
    config.out.mkdir(parents=True, exist_ok=True)
    log = config.out / "base.log"
    try:
        for stage in STAGES if options.stage == "all" else (options.stage,):
            run_stage(config, stage, lambda line: _say(log, line))
    except ConfigError as error:
        raise SystemExit(f"training: {error}") from error
    return 0


def _say(log: Path, line: str) -> None:
    stamped = f"{time.strftime('%H:%M:%S')} {line}"
    print(stamped, flush=True)  # noqa: T201 - progress of a command
    with log.open("a", encoding="utf-8") as held:
        held.write(stamped + "\n")
