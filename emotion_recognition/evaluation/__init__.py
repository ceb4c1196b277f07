"""Measuring a model: metrics, benchmarks by published protocols, reports."""
