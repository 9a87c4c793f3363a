"""What can be set: one module per stage, pydantic models that refuse unknown keys.

They sit at the bottom of the package and import nothing heavy, so that every layer and the Snakefile share them.
"""
