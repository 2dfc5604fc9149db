"""Benchmarks: the same work by the same client on onebox and on a peer, in one run on one machine."""
