"""The building blocks of the platform: one noun, one construct, one file."""
