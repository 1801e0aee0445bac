"""What several families use: codes of a whole data set, nearest neighbours, a classifier."""
