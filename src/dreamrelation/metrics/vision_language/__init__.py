"""Relation accuracy by a vision-language model that is asked about key frames."""
