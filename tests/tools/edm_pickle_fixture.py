"""A stand-in for a pickled EDM network: the smallest U-Net with the native format's names, in plain torch."""

import pickle

import torch
from torch.nn import functional as F


class Conv2d(torch.nn.Module):
    def __init__(self, cin, cout, kernel):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.randn(cout, cin, kernel, kernel) / (cin * kernel * kernel) ** 0.5)
        self.bias = torch.nn.Parameter(torch.randn(cout) * 0.1)

    def forward(self, x):
        return F.conv2d(x, self.weight, self.bias, padding=self.weight.shape[-1] // 2)


class Norm(torch.nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.rand(channels) + 0.5)
        self.bias = torch.nn.Parameter(torch.randn(channels) * 0.1)

    def forward(self, x):
        return F.group_norm(x, min(32, x.shape[1] // 4), self.weight, self.bias, 1e-6)


class Block(torch.nn.Module):
    def __init__(self, cin, cout, emb, attention=False):
        super().__init__()
        self.norm0, self.conv0, self.affine = Norm(cin), Conv2d(cin, cout, 3), torch.nn.Linear(emb, cout)
        self.norm1, self.conv1 = Norm(cout), Conv2d(cout, cout, 3)
        self.skip = Conv2d(cin, cout, 1) if cin != cout else None
        if attention:
            self.norm2, self.qkv, self.proj = Norm(cout), Conv2d(cout, 3 * cout, 1), Conv2d(cout, cout, 1)
        self.attention = attention

    def forward(self, x, emb):
        h = self.conv0(F.silu(self.norm0(x))) + self.affine(emb)[:, :, None, None]
        h = self.conv1(F.silu(self.norm1(h)))
        x = (h + (self.skip(x) if self.skip else x)) * 0.5 ** 0.5
        if self.attention:
            q, k, v = self.qkv(self.norm2(x)).flatten(2).reshape(len(x), x.shape[1], 3, -1).unbind(2)
            w = torch.softmax(q.transpose(1, 2) @ k / x.shape[1] ** 0.5, dim=2)
            x = (self.proj((v @ w.transpose(1, 2)).reshape(x.shape)) + x) * 0.5 ** 0.5
        return x


class TinyUNet(torch.nn.Module):
    def __init__(self, size, channels, width, labels):
        super().__init__()
        emb = 4 * width
        self.map_label = torch.nn.Linear(labels, width)
        self.map_layer0, self.map_layer1 = torch.nn.Linear(width, emb), torch.nn.Linear(emb, emb)
        self.enc = torch.nn.ModuleDict({f"{size}x{size}_conv": Conv2d(channels, width, 3)})
        self.dec = torch.nn.ModuleDict({
            f"{size}x{size}_in0": Block(width, width, emb, attention=True),
            f"{size}x{size}_in1": Block(width, width, emb),
            f"{size}x{size}_block0": Block(2 * width, width, emb),
            f"{size}x{size}_aux_norm": Norm(width),
            f"{size}x{size}_aux_conv": Conv2d(width, channels, 3)})

    def forward(self, x, noise, labels):
        half = self.map_layer0.in_features // 2
        angles = noise[:, None] * (1e-4 ** (torch.arange(half) / (half - 1)))
        emb = torch.cat([angles.sin(), angles.cos()], 1)
        emb = emb + self.map_label(labels * labels.shape[1] ** 0.5)
        emb = F.silu(self.map_layer1(F.silu(self.map_layer0(emb))))
        in0, in1, block, norm, conv = self.dec.values()
        stem = next(iter(self.enc.values()))(x)
        h = block(torch.cat([in1(in0(stem, emb), emb), stem], 1), emb)
        return conv(F.silu(norm(h)))


class EDMPrecond(torch.nn.Module):
    def __init__(self, **kwargs):
        super().__init__()
        self.init_kwargs = kwargs
        self.model = TinyUNet(kwargs["img_resolution"], kwargs["img_channels"], kwargs["model_channels"],
                              kwargs["label_dim"])

    def forward(self, x, sigma, labels=None, force_fp32=False):
        s = sigma.reshape(-1, 1, 1, 1)
        total = s ** 2 + 0.25
        output = self.model(x / total.sqrt(), sigma.log() / 4, labels)
        return 0.25 / total * x + s * 0.5 / total.sqrt() * output


CONFIG = dict(img_resolution=8, img_channels=3, label_dim=4, model_type="SongUNet", model_channels=16, channel_mult=[1],
              num_blocks=0, attn_resolutions=[], dropout=0.13, augment_dim=0, use_fp16=False, sigma_max=float("inf"))


def write(folder):
    torch.manual_seed(3)
    network = EDMPrecond(**CONFIG)
    with open(f"{folder}/network.pkl", "wb") as stream:
        pickle.dump({"ema": network, "loss_fn": None}, stream)
    torch.save(network.model.state_dict(), f"{folder}/state.pth")
