"""Benchmarks: each prints its figures again; `make bench` runs the ones that matter most."""
