"""Teaches the built-in painter from nothing: its autoencoder, its text encoder and its denoiser."""
