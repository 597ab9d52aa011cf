"""interactive_sym: symbolic computation that can be explored, seen and taught."""
