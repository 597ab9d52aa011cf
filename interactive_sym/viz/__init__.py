"""What people see: static pictures, live views in notebooks, and the layouts behind both.

Read next: `display` (which forms an object has), `widgets` and `frontend/` (the live view), `layout`, `svg`.
"""
