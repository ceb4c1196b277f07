"""Studies over many recordings: which estimates a configuration gives, how right, and a report."""
