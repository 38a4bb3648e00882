"""What masking saves: multiply-adds of MAE's encoder and decoder (He et al., arXiv:2111.06377, Sec. 3 and Table 1).

A block of width d on N tokens takes 12 d² multiply-adds a token (queries, keys, values, output: 4 d²; an MLP of four
times the width: 8 d²) and 2 N d for attention. A patch is 16×16×3. Backward passes take a fixed
multiple, which cancels.
"""

from __future__ import annotations

PATCH = 16 * 16 * 3
PATCHES = 14 * 14
LARGE = (24, 1024)
"""Blocks and width of ViT-L."""


def _tokens(*, blocks: int, width: int, tokens: int, attention: bool) -> int:
    """Return the multiply-adds of a stack of blocks on one image."""
    return blocks * tokens * (12 * width**2 + (2 * tokens * width if attention else 0))


def training_ratio(
    *,
    masked: float = 0.75,
    decoder_blocks: int = 8,
    decoder_width: int = 512,
    class_token: bool = True,
    attention: bool = True,
    embeddings: bool = False,
) -> float:
    """Return how many times more it takes to let a ViT-L encoder see mask tokens than to leave them out (Table 1c).

    Args:
        masked: share of the patches.
        decoder_blocks, decoder_width: of the decoder, which sees all tokens either way.
        class_token: whether encoder and decoder have one more token.
        attention: whether the products of queries, keys and values count, which grow with the square of the tokens.
        embeddings: whether patch embedding, the layer between encoder and decoder, and the prediction of pixels count.
    """
    blocks, width = LARGE
    extra = int(class_token)
    seen, every = round(PATCHES * (1 - masked)) + extra, PATCHES + extra
    decoder = _tokens(blocks=decoder_blocks, width=decoder_width, tokens=every, attention=attention)

    def whole(tokens: int) -> int:
        total = _tokens(blocks=blocks, width=width, tokens=tokens, attention=attention) + decoder
        if embeddings:
            total += PATCHES * PATCH * width + tokens * width * decoder_width + every * decoder_width * PATCH
        return total

    return whole(every) / whole(seen)


def decoder_share(
    *,
    decoder_blocks: int = 8,
    decoder_width: int = 512,
    tokens: int = PATCHES + 1,
    attention: bool = True,
    embeddings: bool = False,
) -> float:
    """Return the decoder's multiply-adds a token over those of a ViT-L encoder, both on so many tokens (Sec. 4.1)."""
    blocks, width = LARGE
    decoder = _tokens(blocks=decoder_blocks, width=decoder_width, tokens=tokens, attention=attention)
    encoder = _tokens(blocks=blocks, width=width, tokens=tokens, attention=attention)
    if embeddings:
        decoder += tokens * decoder_width * (width + PATCH)
        encoder += tokens * PATCH * width
    return decoder / encoder
