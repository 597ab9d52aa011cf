"""The table's ratios as a picture: a bar for each work, our time as a part of the fastest other library's."""

import math
from html import escape

WIDTH, LABEL, ROW, TOP = 900, 360, 18, 40
LEAST, MOST = 1 / 32, 32.0


def place(ratio: float) -> float:
    """Horizontal place of a ratio, on a logarithmic scale."""
    share = math.log(min(max(ratio, LEAST), MOST) / LEAST) / math.log(MOST / LEAST)
    return LABEL + share * (WIDTH - LABEL - 70)


def save(path: str, table: dict[str, dict[str, float | str]], ours: str) -> None:
    """Writes an SVG file: bars to the left of 1 are works where we are the fastest."""
    rows: list[tuple[str, float, str]] = []
    for work, row in table.items():
        others = {value: name for name, value in row.items() if name != ours and isinstance(value, float)}
        mine = row.get(ours)
        if others and isinstance(mine, float):
            best = min(others)
            rows.append((work, mine / best, others[best]))
    height = TOP + ROW * len(rows) + 10
    box = f'viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="12"'
    title = f"time of {escape(ours)} / time of the fastest other library (named at the right)"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {box}>',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="{LABEL}" y="14">{title}</text>',
    ]
    for mark in (1 / 16, 1 / 4, 1, 4, 16):
        x, stroke = place(mark), "#333333" if mark == 1 else "#cccccc"
        label = f"{mark:g}" if mark >= 1 else f"1/{1 / mark:g}"
        parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 8}" y2="{height - 8}" stroke="{stroke}"/>')
        parts.append(f'<text x="{x:.1f}" y="{TOP - 11}" text-anchor="middle" fill="#555555">{label}</text>')
    for k, (work, ratio, best) in enumerate(rows):
        y, (left, right) = TOP + ROW * k, sorted((place(ratio), place(1)))
        colour = "#2a7f62" if ratio <= 1 else "#b4552d"
        width = max(right - left, 1)
        parts.append(f'<text x="{LABEL - 8}" y="{y + 12}" text-anchor="end">{escape(work)}</text>')
        parts.append(f'<rect x="{left:.1f}" y="{y + 3}" width="{width:.1f}" height="{ROW - 6}" fill="{colour}"/>')
        text = f"{ratio:.2f}, {escape(best)}"
        parts.append(f'<text x="{max(right, place(1)) + 6:.1f}" y="{y + 12}" fill="#333333">{text}</text>')
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join([*parts, "</svg>\n"]))
