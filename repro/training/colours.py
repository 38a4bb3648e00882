"""AlexNet's colour augmentation: noise along the principal components of the training set's colours."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from repro.training.counters import random_bits, uniform
from repro.training.seeds import stream

SIGMA = 0.1
"""Standard deviation of a component's weight: AlexNet, Sec. 4.1."""


class ColourNoise:
    """Adds Σ p_i α_i λ_i to every pixel of an image, α_i ~ N(0, 0.1²) drawn once an image and step.

    AlexNet (NIPS 2012), Sec. 4.1; p_i and λ_i are eigenvectors and eigenvalues of the 3×3 covariance of RGB values. The
    paper does not say in which units: with pixels of 0–255 the formula would add hundreds of grey levels, so pixels
    are taken as fractions of 255 here, which adds a few. Sums are not clipped.

    Args:
        covariance: (3, 3), of pixels of 0–255.
        seed: the run's.
        batch_size: images a step.
    """

    def __init__(self, covariance: Tensor, seed: int, batch_size: int) -> None:
        eigenvalues, eigenvectors = torch.linalg.eigh(covariance / 255**2)
        # The sign of an eigenvector is the library's choice: the largest entry is made positive.
        largest = eigenvectors.gather(0, eigenvectors.abs().argmax(dim=0, keepdim=True))
        self.components = 255 * eigenvectors * largest.sign() * eigenvalues.clamp(min=0)
        self.key = stream(seed, "colours")
        self.batch_size = batch_size

    def drawn(self, step: int) -> Tensor:
        """Return what is added to each channel of each image of a step, in grey levels: float32, (b, 3), CPU."""
        bits = random_bits(self.key, step, 6 * self.batch_size, torch.device("cpu"))
        first, second = uniform(bits).view(2, self.batch_size, 3)
        # Box and Muller, 1958; 1 − u is never 0.
        normal = torch.sqrt(-2 * torch.log1p(-first)) * torch.cos(2 * math.pi * second)
        added: Tensor = SIGMA * normal @ self.components.T
        return added.float()
