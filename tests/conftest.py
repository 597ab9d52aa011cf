"""Scripts that tests run in processes of their own: pytest must not import them for doctests."""

collect_ignore = ["seed_chapter.py", "theano_models.py", "theano_programs.py"]
