"""From observations to cases: rules, matching, registry."""
