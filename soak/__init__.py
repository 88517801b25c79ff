"""Proofs that need minutes: the real service is killed and loaded, and what is lost is counted."""
