"""Fuzzing: random and mutated inputs for everything that decodes what others wrote.

``make fuzz`` runs it all; ``make fuzz-coverage`` lets coverage guide the mutations.
"""
