#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Kills beside many idle processes: the time from threshold to signal.

usage: crowd.py csv NAME=OUT... > crowd.csv     OUT: results of the case "crowd"
       crowd.py svg crowd.csv > crowd.svg
       crowd.py table crowd.csv                 in Markdown
"""
import csv
import json
import math
import re
import statistics
import sys
from html import escape

LINE = re.compile(r"INFO crowd: ((?:leak|burst)-\d+) beside (\d+): threshold to signal "
                  r"(\d+) us, MemAvailable at least (\d+) KiB")
COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7"]  # told apart without red and green
WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 720, 360, 64, 40, 48


def to_csv(arguments):
    rows = csv.writer(sys.stdout, lineterminator="\n")
    rows.writerow(["daemon", "idle", "kind", "signal_us", "available_min_kib"])
    for argument in arguments:
        name, out = argument.split("=", 1)
        with open(out + "/cases.txt") as cases:
            found = LINE.findall(cases.read())
        for kill, idle, us, kib in found:
            with open(f"{out}/{kill}.json") as f:
                reached = json.load(f)["trigger_before_us"] != 0
            # A daemon with a higher threshold can act before that of badnessd.
            rows.writerow([name, idle, kill.split("-")[0], us if reached else "", kib])


def read(path):
    with open(path) as f:
        rows = list(csv.DictReader(f))
    names = list(dict.fromkeys(row["daemon"] for row in rows))
    sizes = sorted({int(row["idle"]) for row in rows})
    return rows, names, sizes


def of(rows, name, size, key):
    return [int(r[key]) for r in rows
            if r["daemon"] == name and int(r["idle"]) == size and r[key]]


def to_svg(path):
    rows, names, sizes = read(path)
    times = [int(row["signal_us"]) for row in rows if row["signal_us"]]
    low, high = math.floor(math.log10(min(times))), math.ceil(math.log10(max(times)))
    plot = HEIGHT - TOP - BOTTOM

    def y(us):
        return TOP + plot * (high - math.log10(us)) / (high - low)

    group = (WIDTH - LEFT - 16) / len(sizes)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
           'font-family="sans-serif" font-size="12">',
           f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
           f'<text x="{LEFT}" y="18">Threshold to signal beside idle processes; '
           'each dot is one kill, each line a median</text>']
    for power in range(low, high + 1):
        label = f"{10 ** (power - 3):g} ms"
        out += [f'<line x1="{LEFT}" x2="{WIDTH - 16}" y1="{y(10 ** power):.1f}" '
                f'y2="{y(10 ** power):.1f}" stroke="#ddd"/>',
                f'<text x="{LEFT - 6}" y="{y(10 ** power) + 4:.1f}" text-anchor="end">{label}</text>']
    for s, size in enumerate(sizes):
        left = LEFT + s * group
        out.append(f'<text x="{left + group / 2:.1f}" y="{HEIGHT - BOTTOM + 18}" '
                   f'text-anchor="middle">{size:,} processes</text>')
        for n, name in enumerate(names):
            values = of(rows, name, size, "signal_us")
            if not values:
                continue
            x = left + group * (n + 1) / (len(names) + 1)
            for i, us in enumerate(values):
                dx = (i % 5 - 2) * 4
                out.append(f'<circle cx="{x + dx:.1f}" cy="{y(us):.1f}" r="3" '
                           f'fill="{COLOURS[n]}" fill-opacity="0.6"/>')
            middle = y(statistics.median(values))
            out.append(f'<line x1="{x - 16:.1f}" x2="{x + 16:.1f}" y1="{middle:.1f}" '
                       f'y2="{middle:.1f}" stroke="{COLOURS[n]}" stroke-width="2"/>')
    for n, name in enumerate(names):
        x = LEFT + n * 170
        out += [f'<circle cx="{x + 4}" cy="{HEIGHT - 14}" r="4" fill="{COLOURS[n]}"/>',
                f'<text x="{x + 14}" y="{HEIGHT - 10}">{escape(name)}</text>']
    print("\n".join(out + ["</svg>"]))


def to_table(path):
    rows, names, sizes = read(path)
    print("| threshold to signal; MemAvailable at least |",
          " | ".join(f"{size:,} processes" for size in sizes), "|")
    print("|---" * (len(sizes) + 1) + "|")
    for name in names:
        cells = []
        for size in sizes:
            us = of(rows, name, size, "signal_us")
            kib = of(rows, name, size, "available_min_kib")
            time = (f"{statistics.median(us) / 1000:.1f} (longest {max(us) / 1000:.1f}) ms"
                    if us else "before 5 %")
            cells.append(f"{time}; {min(kib) >> 10} MiB; {len(kib)} kills" if kib else "")
        print(f"| {name} |", " | ".join(cells), "|")


if __name__ == "__main__":
    command, *rest = sys.argv[1:] or [""]
    if command == "csv" and rest:
        to_csv(rest)
    elif command == "svg" and len(rest) == 1:
        to_svg(rest[0])
    elif command == "table" and len(rest) == 1:
        to_table(rest[0])
    else:
        sys.exit(__doc__.strip())
