"""Building blocks of the GAN demos, and their longer figures."""
