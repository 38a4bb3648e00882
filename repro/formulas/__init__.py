"""Formulas: numbers that follow from a paper's text by arithmetic alone, one module a subject.

A formula is a function of keyword arguments that returns a number. It knows nothing of claims, nets or data, and needs
neither torch nor numpy, so that each can be read beside the sentence that it checks. A formula of a user's own is
``package.module:function``.
"""

from __future__ import annotations

NAMES: dict[str, tuple[str, frozenset[str]]] = {
    "output_side": ("convolutions:output_side", frozenset({"kernel", "padding", "side", "stride"})),
    "receptive_field": ("convolutions:receptive_field", frozenset({"kernels"})),
    "stack_weights": ("convolutions:stack_weights", frozenset({"biases", "channels", "kernel", "layers"})),
    "convolution_overcount": ("convolutions:overcount", frozenset({"kernel", "padding", "side", "stride"})),
    "crops": ("convolutions:crops", frozenset({"crop", "image", "mirrored"})),
    "alexnet_neurons": ("alexnet:neurons", frozenset({"layer", "padding", "side"})),
    "alexnet_share_of_parameters": ("alexnet:share_of_parameters", frozenset({"layer", "tower"})),
    "alexnet_fully_connected_share": ("alexnet:fully_connected_share", frozenset({"layers"})),
    "resnet_multiply_adds": (
        "resnet:table_1",
        frozenset({"classifier", "depth", "shortcut", "stem", "stride_in"}),
    ),
    "resnet_block_multiply_adds": ("resnet:block", frozenset({"design", "filters", "projection"})),
    "residual_block_nonlinearity": ("residual_block:nonlinearity", frozenset({"layers", "pairs", "size"})),
    "mae_training_ratio": (
        "masked_autoencoder:training_ratio",
        frozenset({"attention", "class_token", "decoder_blocks", "decoder_width", "embeddings", "masked"}),
    ),
    "mae_decoder_share": (
        "masked_autoencoder:decoder_share",
        frozenset({"attention", "decoder_blocks", "decoder_width", "embeddings", "tokens"}),
    ),
    "position_shift_deviation": (
        "transformer:shift_deviation",
        frozenset({"argument", "d_model", "offsets", "positions"}),
    ),
    "position_wavelength": ("transformer:wavelength", frozenset({"d_model", "pair"})),
    "position_wavelength_steps": ("transformer:wavelength_steps", frozenset({"d_model"})),
    "dot_product_variance": (
        "transformer:dot_product_variance",
        frozenset({"components", "d_k", "same", "scaled"}),
    ),
    "softmax_slope": ("transformer:softmax_slope", frozenset({"d_k", "scaled"})),
    "transformer_parameters": (
        "transformer:parameters",
        frozenset({"biases", "d_ff", "d_k", "d_model", "d_v", "embeddings", "heads", "layers", "vocabulary"}),
    ),
    "attention_cost": ("transformer:attention_cost", frozenset({"d_model", "heads", "length"})),
    "attention_break_even": ("transformer:break_even", frozenset({"projections", "recurrent"})),
    "training_cost": ("transformer:training_cost", frozenset({"gpus", "hours", "teraflops"})),
    "training_hours": ("transformer:training_hours", frozenset({"seconds_a_step", "steps"})),
    "dropout_l2_deviation": ("dropout:l2_deviation", frozenset({"loss"})),
    "dropout_growth": ("dropout:growth", frozenset({"loss"})),
    "dropout_coefficients": ("dropout:coefficients", frozenset({"standardised"})),
}
"""Name in a claim file → module:function of this room, and the options that it takes."""
