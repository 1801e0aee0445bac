"""What several families use: codes of a data set, neighbours, a classifier, checks of images."""
