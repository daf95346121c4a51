r"""The network: wide, narrow, wide.

    z   = encoder(x)      x (B, d)  ->  z (B, k), the bottleneck
    raw = decoder(z)      z (B, k)  ->  raw (B, m), which a loss turns into expected values

"Diabolo network" is the old name of the autoencoder, after its shape.

References
----------
Reducing the dimensionality of data with neural networks (Hinton & Salakhutdinov, 2006),
https://doi.org/10.1126/science.1127647
"""

from __future__ import annotations

from torch import Tensor, nn

__all__ = ["Diabolo"]


class Diabolo(nn.Module):
    """An encoder and a decoder with the bottleneck z between them.

    Parameters
    ----------
    encoder : nn.Module
        x (B, d) -> z (B, k).
    decoder : nn.Module
        z (B, k) -> raw (B, m).

    Examples
    --------
    >>> net = Diabolo(nn.Linear(5, 2), nn.Linear(2, 5))
    >>> net.encoder(torch.zeros(3, 5)).shape, net(torch.zeros(3, 5)).shape
    (torch.Size([3, 2]), torch.Size([3, 5]))
    """

    def __init__(self, encoder: nn.Module, decoder: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder

    def forward(self, x: Tensor) -> Tensor:
        """x (B, d) -> raw (B, m)."""
        raw: Tensor = self.decoder(self.encoder(x))
        return raw
