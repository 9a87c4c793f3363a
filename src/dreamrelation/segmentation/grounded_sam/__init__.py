"""The paper's masks: a detector's boxes and SAM's segments of them."""
