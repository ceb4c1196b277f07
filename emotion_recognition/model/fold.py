"""Batch normalisation taken into the weights before it, for inference."""

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval


def folded(module: nn.Module) -> nn.Module:
    """Fold each batch normalisation that follows a convolution in a sequence, however deep.

    Args:
        module: In evaluation; what it is made of is replaced.

    Returns:
        The module, or a new sequence where it is one.
    """
    if not isinstance(module, nn.Sequential):
        for name, child in module.named_children():
            setattr(module, name, folded(child))
        return module
    layers: list[nn.Module] = []
    for layer in module:
        before = layers[-1] if layers else None
        if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d) and isinstance(
            before, nn.Conv1d | nn.Conv2d
        ):
            layers[-1] = fuse_conv_bn_eval(before, layer)
        else:
            layers.append(folded(layer))
    return nn.Sequential(*layers).eval()
