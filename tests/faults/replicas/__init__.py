"""Tests of replicas that serve reads."""
