"""p2pim: a messenger for a team that shares a network and nothing else."""

__version__ = "0.1.0.dev0"
