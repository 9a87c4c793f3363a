"""DreamRelation: relation video customization as a staged pipeline."""
