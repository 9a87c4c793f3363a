"""The puppet theatre: a seeded world of articulated figures in which the whole pipeline runs on a laptop."""
