"""Readers of the data sets that models are trained and measured on."""
