"""Tests of the simulated Entra tenant."""
