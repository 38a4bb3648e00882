"""Named recipes: those of the papers, a few of today's, each with its source, and a neutral one."""

from __future__ import annotations

from repro.recipes.fields import Recipe

TRAIN_ERROR_IMAGES = 50_000
"""Of ImageNet's 1.28 million, as many as there are to validate on."""

RECIPES: dict[str, Recipe] = {
    # ResNet, Sec. 4.2: momentum 0.9, weight decay 1e-4, lr 0.1 divided by 10 at 32k and 48k, stop at 64k,
    # batch 128 on two GPUs (BN over 64, arXiv:1603.05027 appendix), 4-pixel padding, crop, flip.
    "resnet-cifar": Recipe(
        name="resnet-cifar",
        version=2,
        batch_size=128,
        steps=64_000,
        lr=0.1,
        weight_decay=1e-4,
        schedule="step",
        milestones=(32_000, 48_000),
        augmentation="pad-crop-flip",
        input="per-pixel-mean",
        initialisation="he",
        bn_group=64,
    ),
    # Loshchilov, Hutter (arXiv:1608.03983), Sec. 4.1: momentum 0.9, weight decay 5e-4, batch 128, one cosine from 0.05
    # over 200 epochs (their T_0 = 200), BN over the batch. Nesterov's momentum, with which today's code trains such
    # nets, is Zagoruyko, Komodakis' (arXiv:1605.07146), whose other settings they take; they themselves leave it out.
    # Theirs are wide residual nets, padded by reflection. A recipe of today's for the nets of ResNet, Sec. 4.2.
    "resnet-cifar-modern": Recipe(
        name="resnet-cifar-modern",
        batch_size=128,
        epochs=200,
        lr=0.05,
        nesterov=True,
        weight_decay=5e-4,
        schedule="cosine",
        augmentation="pad-crop-flip",
        input="standardised",
        initialisation="he",
    ),
    # ResNet, Sec. 3.4 and 4.1 (ImageNet): batch 256, lr 0.1 "divided by 10 when the error plateaus", up to 60e4
    # iterations, weight decay 1e-4, momentum 0.9. Fig. 4 shows the drops near 15e4 and 30e4; its curves end at 55e4. BN
    # over 32: eight GPUs, which the paper does not say. Table 2 and 3 are 10-crop errors, Fig. 4 is centre-crop.
    "resnet-imagenet": Recipe(
        name="resnet-imagenet",
        version=2,
        batch_size=256,
        steps=600_000,
        lr=0.1,
        weight_decay=1e-4,
        schedule="step",
        milestones=(150_000, 300_000),
        crop_size=224,
        augmentation="resnet-imagenet",
        input="per-pixel-mean",
        initialisation="he",
        bn_group=32,
        train_error_images=TRAIN_ERROR_IMAGES,
        test_views="ten-crop",
    ),
    # Goyal et al. (arXiv:1706.02677), Sec. 5.1, the baseline of 8 GPUs: batch 256, lr 0.1, divided by 10 after 30, 60
    # and 80 of 90 epochs, Nesterov momentum 0.9, weight decay 1e-4 but not on BN's gamma and beta, BN over 32, crops by
    # scale and aspect ratio. They start the last gamma of each block at 0, and the classifier's weights with a standard
    # deviation of 0.01, which is not done here.
    "resnet-imagenet-modern": Recipe(
        name="resnet-imagenet-modern",
        version=2,
        batch_size=256,
        epochs=90,
        lr=0.1,
        nesterov=True,
        weight_decay=1e-4,
        decay="weights",
        schedule="step",
        milestones=(150_137, 300_274, 400_365),  # 30, 60 and 80 times 1,281,167 / 256
        crop_size=224,
        augmentation="random-resized-crop",
        input="standardised",
        initialisation="he",
        bn_group=32,
        train_error_images=TRAIN_ERROR_IMAGES,
    ),
    # AlexNet, Sec. 5: batch 128, momentum 0.9, weight decay 5e-4, lr 0.01 "reduced three times", by hand, over "roughly
    # 90 cycles"; all layers learn at one rate; weights N(0, 0.01²). When the drops came is not said: here after 1/4,
    # 1/2 and 3/4 of the run, as in the first author's later paper (arXiv:1404.5997, Sec. 5). v ← 0.9 v − 0.0005 ε w −
    # ε g, w ← w + v is torch's SGD while ε is constant: torch keeps v / −ε, so that a lower rate scales down what has
    # gathered in v, too, where the paper's rule does not. Biases do not decay (cuda-convnet).
    "alexnet-imagenet": Recipe(
        name="alexnet-imagenet",
        batch_size=128,
        epochs=90,
        lr=0.01,
        weight_decay=5e-4,
        decay="weights",
        schedule="step",
        milestones=(225_205, 450_410, 675_615),  # 22.5, 45 and 67.5 times 1,281,167 / 128
        crop_size=224,
        augmentation="alexnet",
        input="raw-centred",
        initialisation="gaussian-0.01",
        train_error_images=TRAIN_ERROR_IMAGES,
        test_views="ten-crop",
    ),
    # cuda-convnet's example layers (2012): raw pixels minus the mean image, small Gaussian weights,
    # momentum 0.9, biases at twice the rate. AlexNet Fig. 1: no regularisation of any kind. The examples' weight decays
    # differ from layer to layer (layers-19pct: convolutions 0.004, classifier 3), for which recipes have no words.
    "cuda-convnet-2012": Recipe(
        name="cuda-convnet-2012",
        batch_size=128,
        epochs=60,
        lr=0.001,
        bias_lr_factor=2.0,
        input="raw-centred",
        initialisation="cuda-convnet",
    ),
    # Nobody's: for claims of one's own, which take over nothing that they do not say. No weight decay, no augmentation,
    # one rate to the end, BN over the batch.
    "neutral": Recipe(
        name="neutral",
        batch_size=128,
        epochs=10,
        lr=0.01,
        input="standardised",
        initialisation="he",
    ),
}
