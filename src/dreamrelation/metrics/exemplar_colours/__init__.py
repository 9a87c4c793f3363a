"""Whether the colours of the exemplars' clothes or rooms are seen in generated videos."""
