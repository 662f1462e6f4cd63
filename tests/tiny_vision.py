"""Vision-language models of a few ten thousand random weights, in the format of real ones: what they say is noise."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from tokenizers import Tokenizer, decoders
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel
from transformers import (
    AutoProcessor,
    Blip2Config,
    Blip2ForConditionalGeneration,
    Blip2Processor,
    BlipConfig,
    BlipForConditionalGeneration,
    BlipImageProcessorPil,
    BlipProcessor,
    CLIPImageProcessorPil,
    CLIPVisionConfig,
    Idefics3Config,
    Idefics3ForConditionalGeneration,
    Idefics3ImageProcessorPil,
    Idefics3Processor,
    LlamaConfig,
    LlamaForCausalLM,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    PreTrainedTokenizerFast,
    Qwen2VLConfig,
    Qwen2VLForConditionalGeneration,
    Qwen2VLImageProcessorPil,
)

CONTEXT = 4096
TEMPLATE = """\
{% for message in messages %}{{ message['role'] | capitalize }}:{% for part in message['content'] %}\
{% if part['type'] == 'image' %}IMAGE{% else %} {{ part['text'] }}{% endif %}{% endfor %}<end>
{% endfor %}{% if add_generation_prompt %}Assistant:{% endif %}"""
# Weights this large let every pixel tell in what is said, as training would.
LOUD = {"initializer_range": 0.3}
SHAPE = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2, **LOUD}
EYE = {**SHAPE, "image_size": 32, "patch_size": 8}
TEXT = {**SHAPE, "num_key_value_heads": 2, "max_position_embeddings": CONTEXT}
ENDS = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
SQUARE = {"height": 32, "width": 32}


def tokenizer(*more: str) -> PreTrainedTokenizerFast:
    """Reads bytes; <pad>, <s> and </s> are 0, 1 and 2, and `more` special tokens follow."""
    names = ["<pad>", "<s>", "</s>", *more]
    vocabulary = {name: i for i, name in enumerate([*names, *sorted(ByteLevel.alphabet())])}
    bytes_ = Tokenizer(BPE(vocab=vocabulary, merges=[]))
    bytes_.pre_tokenizer = ByteLevel(add_prefix_space=False)
    bytes_.decoder = decoders.ByteLevel()
    named = {"pad_token": "<pad>", "bos_token": "<s>", "eos_token": "</s>", "sep_token": "</s>"}
    return PreTrainedTokenizerFast(tokenizer_object=bytes_, additional_special_tokens=list(more), **named)


def llava(folder: Path) -> None:
    reader = tokenizer("<image>", "<end>")
    eye = CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size=SQUARE)
    template = TEMPLATE.replace("IMAGE", "<image>")
    config = LlavaConfig(
        vision_config=CLIPVisionConfig(**EYE),
        text_config=LlamaConfig(**TEXT, **ENDS, vocab_size=len(reader)),
        image_token_id=3,
        vision_feature_layer=-1,
    )
    _save(folder, LlavaForConditionalGeneration, config)
    LlavaProcessor(
        eye, reader, patch_size=8, num_additional_image_tokens=1, vision_feature_select_strategy="default",
        chat_template=template,
    ).save_pretrained(folder)  # fmt: skip


def idefics3(folder: Path) -> None:
    """The architecture SmolVLM continues; its processor cuts pictures into tiles."""
    reader = tokenizer("<image>", "<fake_token_around_image>", "<end_of_utterance>", "<global-img>")
    eye = Idefics3ImageProcessorPil(size={"longest_edge": 64}, max_image_size={"longest_edge": 32})
    template = TEMPLATE.replace("IMAGE", "<image>").replace("<end>", "<end_of_utterance>")
    config = Idefics3Config(
        text_config={"model_type": "llama", **TEXT, **ENDS, "vocab_size": len(reader)},
        vision_config=EYE,
        image_token_id=3,
        scale_factor=2,
        pad_token_id=0,
    )
    _save(folder, Idefics3ForConditionalGeneration, config)
    Idefics3Processor(eye, reader, image_seq_len=4, chat_template=template).save_pretrained(folder)


def qwen2_vl(folder: Path) -> None:
    reader = tokenizer("<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>", "<end>")
    reader.chat_template = TEMPLATE.replace("IMAGE", "<|vision_start|><|image_pad|><|vision_end|>")
    rope = {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [2, 3, 3]}
    eye = {"depth": 2, "embed_dim": 32, "hidden_size": 32, "num_heads": 2, "mlp_ratio": 2, "patch_size": 8, **LOUD}
    config = Qwen2VLConfig(
        text_config={**TEXT, **ENDS, "vocab_size": len(reader), "rope_parameters": rope},
        vision_config=eye,
        vision_start_token_id=3,
        vision_end_token_id=4,
        image_token_id=5,
        video_token_id=6,
    )
    _save(folder, Qwen2VLForConditionalGeneration, config)
    Qwen2VLImageProcessorPil(patch_size=8, min_pixels=16 * 16, max_pixels=64 * 64).save_pretrained(folder)
    reader.save_pretrained(folder)


def blip(folder: Path, weights: float = 0.3) -> None:
    reader = tokenizer()
    text = {**SHAPE, **ENDS, "encoder_hidden_size": 32, "vocab_size": len(reader), "sep_token_id": 2}
    range_ = {"initializer_range": weights}
    config = BlipConfig(text_config={**text, **range_}, vision_config={**EYE, **range_}, projection_dim=32)
    _save(folder, BlipForConditionalGeneration, config)
    BlipProcessor(BlipImageProcessorPil(size=SQUARE), reader).save_pretrained(folder)


def taught_blip(folder: Path, captions: dict[str, str], steps: int = 120) -> Path:
    """A BLIP that has learned, in about a second, what to say of a picture of one colour.

    Args:
        folder: where to save it.
        captions: what to say, by the colour's name.
        steps: of training; the loss is then below 0.01.
    """
    blip(folder, weights=0.05)
    processor = AutoProcessor.from_pretrained(folder)
    model = BlipForConditionalGeneration.from_pretrained(folder).train()
    given = processor(
        images=[Image.new("RGB", (32, 32), colour) for colour in captions],
        text=[f"<s>{caption}</s>" for caption in captions.values()],
        padding=True,
        return_tensors="pt",
    )
    labels = given["input_ids"].masked_fill(given["attention_mask"] == 0, -100)
    optimizer = torch.optim.AdamW(model.parameters(), 6e-3)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        for _ in range(steps):
            optimizer.zero_grad()
            model(**given, labels=labels).loss.backward()
            optimizer.step()
    model.save_pretrained(folder)
    return folder


def blip2(folder: Path) -> None:
    reader = tokenizer("<image>")
    text = {"model_type": "opt", "hidden_size": 32, "ffn_dim": 64, "num_hidden_layers": 2, "num_attention_heads": 2,
            "word_embed_proj_dim": 32, "vocab_size": len(reader), "max_position_embeddings": 256, "init_std": 0.3,
            **ENDS}  # fmt: skip
    config = Blip2Config(
        text_config=text,
        vision_config=EYE,
        qformer_config={**SHAPE, "encoder_hidden_size": 32, "vocab_size": 8},
        num_query_tokens=4,
        image_token_index=3,
        **LOUD,
    )
    _save(folder, Blip2ForConditionalGeneration, config)
    Blip2Processor(BlipImageProcessorPil(size=SQUARE), reader, num_query_tokens=4).save_pretrained(folder)


def llama(folder: Path) -> None:
    """A model that takes no pictures."""
    reader = tokenizer()
    _save(folder, LlamaForCausalLM, LlamaConfig(**TEXT, **ENDS, vocab_size=len(reader)))
    reader.save_pretrained(folder)


KINDS: dict[str, Callable[[Path], None]] = {
    make.__name__: make for make in (llava, idefics3, qwen2_vl, blip, blip2, llama)
}


def build(kind: str, folder: Path) -> Path:
    """Make a model of KINDS, the same weights each time, and save it with what prepares its input."""
    KINDS[kind](folder)
    return folder


def _save(folder: Path, kind: Any, config: Any) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        kind(config).save_pretrained(folder)
