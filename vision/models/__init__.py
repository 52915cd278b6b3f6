"""The model package that ships with the product: network, manifest, card and run files."""
