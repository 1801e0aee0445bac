"""Wrong options of every demo: each is one line, with status 2, before anything is trained."""
import re
from importlib import import_module

import pytest

from demos.__main__ import main
from demos.common.catalogue import load_main
from tinygen.backend import np

LR = r"Adam: lr must be at least 0 and below inf, got "
LATENTS = "latent_size must be an integer of at least 1, got 0"

# (the demo, its options, words of the line)
ROWS = [
    # autoencoders
    ("autoencoder", "--preset huge", "invalid choice: 'huge'"),
    ("autoencoder", "--lr -1", LR + "-1.0"),
    ("autoencoder", "--lr fast", "invalid float value: 'fast'"),
    ("autoencoder", "--data cifar", "there is no data set or file 'cifar'"),
    ("autoencoder", "--data missing.npz", "there is no data set or file 'missing.npz'"),
    ("autoencoder", "--data own.npz --batch 999", "--batch is from 1 to the 50 training images"),
    ("autoencoder", "--code 16", "unrecognized arguments: --code 16"),
    ("colorize", "--images 0", "--images is finite and above 0; got 0"),
    ("colorize", "--code 0", "code_size must be an integer of at least 1, got 0"),
    ("colorize", "--batch 0", "a batch takes 1 to all 10000 examples; got 0"),
    ("colorize", "--data own.npz", "there is no data set 'own.npz'"),
    ("denoise", "--images -1", "--images is finite and above 0; got -1"),
    ("denoise", "--noise 0", "--noise is finite and above 0; got 0"),
    ("denoise", "--noise inf", "--noise is finite and above 0; got inf"),
    ("search", "--steps 0", "must be at least 1; got 0"),
    ("search", "--lr inf", LR + "inf"),
    ("unpooling", "--seed -1", "must be at least 0; got -1"),
    # VAEs
    ("attributes", "--latents 0", LATENTS), ("attributes", "--beta -1", "VAE: beta, .* got -1.0"),
    ("attributes", "--classifier-steps 0", "--classifier-steps is finite and above 0"),
    ("music", "--bars 50", "--bars is at least 100"), ("music", "--written 3", "--written at"),
    ("music", "--latents 0", LATENTS), ("music", "--beta -1", "VAE: beta"),
    ("music", "--batch 70000", "a batch takes"),
    ("posterior_collapse", "--betas 1 -0.5", "beta, .* got -0.5"),
    ("posterior_collapse", "--betas nan", "beta, .* got nan"),
    ("posterior_collapse", "--latents 0", LATENTS), ("posterior_collapse", "--lr -1", LR),
    ("reparameterization", "--latents 0", LATENTS), ("reparameterization", "--draws 1", "--draws"),
    ("reparameterization", "--dimensions 0", "--dimensions"),
    ("reparameterization", "--fit-steps 0", "--fit-steps"),
    ("vae", "--latents 0", LATENTS), ("vae", "--latents many", "invalid int value: 'many'"),
    ("vae", "--beta nan", "VAE: beta, the weight of the KL, must be finite and at .* got nan"),
    ("vae", "--network rnn", "--network is one of conv, dense"),
    ("vae", "--data own.npz --batch 999", "--batch is from 1 to"),
    ("vae", "--resume", "--resume: .*checkpoint.npz does not exist; leave out --resume"),
    ("vae_conditional", "--digit 10", "--digit takes one or more digits from 0 to 9; got 10"),
    ("vae_conditional", "--digit 3 -1", "got 3 -1"),
    ("vae_conditional", "--classifier-steps 0", "--classifier-steps is finite and above 0"),
    ("vae_conditional", "--data own.npz", "there is no data set 'own.npz'"),
    ("vae_manifold", "--side 0", "--side, the number of images along the sheet"),
    # GANs
    ("anomaly", "--digits 12", "--digits are classes of the data, 0 to 9, each once; got 12"),
    ("anomaly", "--digits 3 3", "each once; got 3 3"), ("anomaly", "--digits -1", "got -1"),
    ("anomaly", "--images 5", "--images is from 100 to the 2000"),
    ("anomaly", "--images 5000", "got 5000"), ("anomaly", "--descent 0", "--descent"),
    ("anomaly", "--batch 0", "--batch"), ("anomaly", "--batch 9999", "a batch takes"),
    ("gan_digits", "--channels 8", "--channels are two numbers"),
    ("gan_digits", "--latents 0", LATENTS),
    ("gan_digits", "--hidden -1", "hidden must be an integer of at least 0, got -1"),
    ("gan_digits", "--batch 0", "--batch is from 1"), ("gan_digits", "--batch 1", "at least 2"),
    ("gan_digits", "--classifier-steps 0", "--classifier-steps is finite and above 0"),
    ("gan_digits", "--data nowhere.npz", "nowhere.npz"),
    ("gan_ring", "--toys star", "--toys are among ring, grid; got star"),
    ("gan_ring", "--seeds 0", "--seeds is finite and above 0; got 0"),
    ("gan_ring", "--batch -1", "--batch is finite and above 0; got -1"),
    ("hyperparameters", "--losses hinge", "--losses are among saturating, non-saturating"),
    ("hyperparameters", "--lrs 0.002 nan", "--lrs above 0 and finite; got 1 4 and 0.002 nan"),
    ("hyperparameters", "--turns 0", "--turns are at least 1"),
    ("hyperparameters", "--seeds 0", "--seeds is finite and above 0; got 0"),
    ("mode_collapse", "--batch 1", "--batch is at least 2"),
    ("mode_collapse", "--seeds 0", "--seeds is finite and above 0; got 0"),
    ("synthetic_data", "--own 3", "--own is from 10 to 1000; got 3"),
    ("synthetic_data", "--batch 0", "--batch is from 2 to"),
    ("synthetic_data", "--generated 3", "--generated is from 100 to 100000; got 3"),
    ("synthetic_data", "--classifier-steps 0", "--classifier-steps is from 1 to"),
    ("synthetic_data", "--latents 0", LATENTS),
    ("synthetic_roads", "--scenes 20", "--scenes is from 64 to 5000; got 20"),
    ("synthetic_roads", "--batch 2 --scenes 20", "--scenes is from 33 to 5000; got 20"),
    ("synthetic_roads", "--batch 0", "--batch is finite and above 0; got 0"),
    ("synthetic_roads", "--network-steps 0", "--network-steps is finite and above 0; got 0"),
    ("synthetic_roads", "--latents 0", LATENTS),
    ("vanishing_gradients", "--penalty nan", "--penalty is finite and above 0; got nan"),
    ("vanishing_gradients", "--penalty inf", "--penalty is finite and above 0; got inf"),
    ("vanishing_gradients", "--starts 0", "--starts is finite and above 0; got 0"),
    # language
    ("attention", "--backend torch", "invalid choice: 'torch'"),
    ("bigram", "--batch 0", "--batch is finite and above 0; got 0"),
    ("bigram", "--block-size -1", "--block-size is finite and above 0; got -1"),
    ("bigram", "--lr nan", "lr must be .* got nan"),
    ("bigram", "--data shakespear", "did you mean shakespeare"),
    ("bigram", "--data missing.txt", "there is no data set or file"),
    ("bigram", "--data short.txt", "has 9 tokens, .* longer than a block of"),
    ("encoder_vs_decoder", "--n-head 3", "Transformer: n_head must divide n_embd"),
    ("encoder_vs_decoder", "--clip nan", "--clip is finite and above 0; got nan"),
    ("encoder_vs_decoder", "--warmup -1", "--warmup is finite and at least 0; got -1"),
    ("gpt", "--temperature -1", "temperature"), ("gpt", "--n-head 3", "n_head must divide n_embd"),
    ("gpt", "--tokens 100", "vocab_size must be an integer of at least 256, got 100"),
    ("gpt", "--samples 0", "--samples is finite and above 0; got 0"),
    ("gpt", "--clip 0", "--clip is finite and above 0; got 0"),
    ("gpt", "--warmup -1", "--warmup is finite and at least 0; got -1"),
    ("gpt", "--final nan", "--final is finite and at least 0; got nan"),
    ("gpt", "--block-size -1", "--block-size is finite and above 0; got -1"),
    ("gpt", "--data missing.txt", "there is no data set or file"),
    ("gpt", "--data shakespear", "did you mean shakespeare?"),
    ("gpt", "--data short.txt", "has 9 tokens, .* longer than a block of"),
    ("gpt2", "--preset default", "--weights is a folder"),
    ("gpt2", "--weights nowhere", "there is no nowhere.config.json; a folder with a GPT-2 has"),
    ("gpt2", ["--prompt", ""], "--prompt is empty"), ("gpt2", "--temperature -1", "temperature"),
    ("gpt2", "--temperature nan", "temperature"), ("gpt2", "--top-k -3", "top_k"),
    ("gpt2", "--top-p 0", "top_p"), ("gpt2", "--top-p 1.1", "top_p"),
    ("gpt2", "--count 0", "--count is finite and above 0"),
    ("gpt_stages", "--scale huge", "tiny, laptop, lecture; got 'huge'"),
    ("gpt_stages", "--batch 0", "--batch is finite and above 0"),
    # inside
    ("museum", "--exhibit late_maks", "'late_maks': did you mean late_mask?"),
    ("museum", "--steps 0", "must be at least 1; got 0"),
    ("signal", "--depth 0", "--depth is finite and above 0; got 0"),
    ("step_backward", "--of sofmax", "did you mean softmax?"),
    # speed
    ("benchmark", ["--networks", "tiny MLP,DGAN,foo"], "200 tokens; got 'DGAN'"),
    ("benchmark", ["--networks", "tiny MLP,"], "200 tokens; got ''"),
    ("benchmark", "--rounds 0", "--rounds is finite and above 0; got 0"),
    ("benchmark", "--seconds -1", "--seconds is finite and at least 0; got -1"),
]


@pytest.mark.parametrize("name, options, words", ROWS,
                         ids=[f"{row[0]}-{i}" for i, row in enumerate(ROWS)])
def test_wrong_options(name, options, words, tmp_path, refusal):
    np.savez(tmp_path / "own.npz", x=np.random.default_rng(0).random((60, 16, 16)), y=np.arange(60))
    (tmp_path / "short.txt").write_text("too short", encoding="utf-8")
    message = refusal(import_module(load_main(name).__module__), options)
    assert re.search(words, message), message
    assert [path for path in (tmp_path / "out").rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("argv, words", [
    ("aue", "no demo is called 'aue': did you mean vae?"),
    ("zzz", "no demo is called 'zzz': --list shows them all"),
    ("--smok", "unrecognized arguments: --smok"),
])
def test_wrong_commands(argv, words, capsys):
    with pytest.raises(SystemExit) as end:
        main(argv.split())
    assert end.value.code == 2 and words in (said := capsys.readouterr().err), said
