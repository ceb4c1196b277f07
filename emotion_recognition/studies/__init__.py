"""Studies over many recordings: which estimates a configuration gives, written to files."""
