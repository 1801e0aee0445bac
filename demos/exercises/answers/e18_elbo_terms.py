"""18 ELBO terms   ★★   25 minutes

    reconstruction = -log p(x|z),  each pixel's share is -x log p - (1 - x) log(1 - p)
    kl             = KL(q(z|x) || N(0, 1))
    their sum is -ELBO, in nats per image, which training lowers

    elbo_terms(model, x, eps)    x (N, ...), numbers from 0 to 1, eps (N, d), arrays
                                 -> reconstruction and kl, two Tensors of one number each

Given: the model and tinygen. model(x, eps) -> logits (N, ...), mean (N, d), logvar (N, d): pixel
probabilities are p = sigmoid(logits), and q(z|x) = N(mean, exp(logvar)). Images may have any shape.
tg.bce_with_logits(logits, x, reduction="sum") adds up all pixels' shares; it takes logits, so that
no log of a rounded 0 occurs. reduction="none" leaves each by itself. tg.kl_standard_normal(mean,
logvar) returns the KL of each image, (N,). To write: elbo_terms. Sum over an image's pixels and
latents, since all of them have to be described; average over the N images only. Not allowed:
models.vae.elbo_terms and models.vae.loss.

By hand: two images of two pixels, x = [1, 0] with the logits ln 3, ln 3, so p = 3/4, and x = [1, 1]
with the logits 0, 0, so p = 1/2. They cost ln 4/3 + ln 4 = 1.6740 and 2 ln 2 = 1.3863 nats, and
reconstruction = 1.5301. With one latent of mean 2 and 0, logvar 0, the KLs are 2 and 0; kl = 1.

    python -m demos exercises check 18
"""
import tinygen as tg


def elbo_terms(model, x, eps):
    # ---- answer
    logits, mean, logvar = model(x, eps)
    reconstruction = tg.bce_with_logits(logits, x, reduction="sum") / len(x)
    return reconstruction, tg.kl_standard_normal(mean, logvar).mean()
    # ---- end
