#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The runs of run.sh as a table in Markdown, medians, beside the peers' figures.

usage: summarize.py OUT... [--raw] > table.md     OUT holds results of run.sh

Times are the guest's. "threshold" is the last look of the agent at which the
condition of badnessd's first trigger did not hold yet (MemAvailable below 5 %,
SwapFree below 10 %), so "to signal" is too long by up to a millisecond, never
too short. Signal and exit come from the kernel's tracepoints, not from the daemon.
"""
import collections
import csv
import glob
import json
import math
import os
import re
import statistics
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
NOISE_MS = 50  # a real-time agent held up longer: the host took the CPU away
TRACE = re.compile(r"^ *(.+)-(\d+) +\[\d+\] +\S+ +(\d+)\.(\d{6}): (\w+): (.*)$")


def text(path):
    try:
        with open(path, errors="replace") as f:
            return f.read()
    except OSError:
        return ""


def trace_events(d):
    for line in text(d + "/trace.txt").splitlines():
        m = TRACE.match(line)
        if m:
            sender, pid, s, us, event, rest = m.groups()
            yield int(s) * 1000000 + int(us), sender, int(pid), event, rest


def records(d):
    """badnessd's own records, from the journal."""
    for line in text(d + "/badnessd.json").splitlines():
        record = json.loads(line).get("BADNESSD_RECORD")
        if record:
            yield json.loads(record)


def full_peak(path, seconds):
    """The largest share of time fully stalled over any window, in percent."""
    rows = [tuple(map(int, line.split(","))) for line in text(path).splitlines()[1:]]
    peak, first = 0.0, 0
    for row in rows:
        while row[0] - rows[first][0] > seconds * 1000:
            first += 1
        if row[0] - rows[first][0] > seconds * 950:
            peak = max(peak, (row[5] - rows[first][5]) / 10 / (row[0] - rows[first][0]))
    return round(peak, 1)


def load(d):
    """One result per agent run in the directory of one guest."""
    meta = json.loads(text(d + "/meta.json") or "{}")
    events, own = list(trace_events(d)), list(records(d))
    for path in sorted(glob.glob(d + "/*.json")):
        try:
            r = json.loads(text(path))
        except ValueError:
            continue
        if "trigger_us" not in r:
            continue
        name = os.path.basename(path)[:-5]
        r.update(name=f"{os.path.basename(d)}/{name}", scenario=re.sub(r"-\d+$", "", name),
                 swap=meta["swap"], daemon=meta["daemon"], host_s=meta["host_s"])
        died = [line.split()[0] for line in text(f"{d}/{name}.died").splitlines()]
        count = collections.Counter(died)
        r["died"] = " ".join(f"{k}×{n}" if n > 1 else k for k, n in count.items()) or "nobody"
        pids = {p["pid"] for p in r["procs"]}
        window = [e for e in events if r["t_go_us"] <= e[0] <= r["t_end_us"]]
        sender = r["daemon"].removesuffix("-fast")  # the kernel signals in whoever's name
        signals = [(t, who) for t, who, _, event, rest in window if event == "signal_generate" and
                   (who == sender if sender != "none" else who not in ("systemd", "oomlab")) and int(re.search(r"pid=(\d+)", rest)[1]) in pids]
        exits = [t for t, who, pid, event, _ in window if event == "sched_process_exit" and pid in pids]
        r["signal_us"], r["by"] = signals[0] if signals else (None, "-")
        start = r["trigger_before_us"] or None
        r["to_signal"] = (r["signal_us"] - start) / 1000 if start and signals else None
        # The agent's pidfd where it has nothing to say of the hog's exit.
        dead = exits[-1] if exits else r["all_dead_us"]
        r["to_dead"] = (dead - start) / 1000 if start and r["hogs_dead"] == r["hogs"] > 0 else None
        for k in (10, 5):
            crossed = r[f"cross{k}_ms"]
            r[f"after_{k}"] = r["all_dead_ms"] - crossed if min(crossed, r["all_dead_ms"]) >= 0 else None
        r["mem_min"] = r["avail_min_kib"] / 1024
        r["beat"] = r["beat_max_gap_ms"]
        if "beat" in count or r["agent_gap_ms"] > NOISE_MS:
            r["beat"] = None
        r["full_peak"] = "/".join(str(full_peak(f"{d}/{name}.csv", k)) for k in (2, 5, 10))
        mine = [x for x in own if r["t_go_us"] <= (x["timings_us"]["signalled"] or 0) <= r["t_end_us"]]
        r["record"] = "; ".join(f"{x['victim']['comm']} for {x['trigger']}, {x['outcome']}" for x in mine) or "-"
        if mine and r["signal_us"]:
            r["record_off_us"] = mine[0]["timings_us"]["signalled"] - r["signal_us"]
        yield r


def med(rs, key, digits=0):
    values = [r[key] for r in rs if r.get(key) is not None]
    if not values:
        return "-"
    m = f"{statistics.median(values):.{digits}f}"
    return m if len(values) == len(rs) else f"{m} ({len(values)}/{len(rs)})"


def most(rs, key):
    counts = collections.Counter(r[key] for r in rs).most_common()
    return "; ".join(k + (f" ({n}/{len(rs)})" if len(counts) > 1 else "") for k, n in counts)


def percentile(values, p):
    return sorted(values)[min(len(values) - 1, math.ceil(p * len(values)) - 1)]


def cost_table(dirs):
    """idle runs: what the daemon itself used."""
    def num(rx, t):
        return sum(map(float, re.findall(rx, t, re.M)))
    rows = []
    for d in dirs:
        a, b = text(d + "/idle.before"), text(d + "/idle.after")
        seconds = num(r"^([\d.]+) [\d.]+$", b) - num(r"^([\d.]+) [\d.]+$", a)
        if not seconds or "MainPID" not in b:
            continue
        cpu = (num(r"CPUUsageNSec=(\d+)", b) - num(r"CPUUsageNSec=(\d+)", a)) / 1e6
        wake = num(r"^voluntary_ctxt_switches:\s*(\d+)", b) - num(r"^voluntary_ctxt_switches:\s*(\d+)", a)
        rows.append(f"| {os.path.basename(d)} | {num(r'^Processes: (.*)', b):.0f} | {cpu * 60 / seconds:.1f} |"
                    f" {wake * 60 / seconds:.0f} | {num(r'^Rss: *([0-9]+)', b):.0f} | {num(r'^Pss: *([0-9]+)', b):.0f} |")
    if rows:
        print("\n| idle run | processes | CPU ms per min | wakeups per min | RSS KiB | PSS KiB |\n|" + "---|" * 6)
        print("\n".join(rows))


def main():
    dirs = sorted({os.path.dirname(p) for out in sys.argv[1:] if out != "--raw"
                   for p in glob.glob(out + "/meta.json") + glob.glob(out + "/*/meta.json")})
    runs = [r for d in dirs for r in load(d)]
    groups = collections.defaultdict(list)
    for r in runs:
        if r["scenario"] != "idle":
            groups[r["scenario"], r["swap"], r["daemon"]].append(r)
    rows = []
    for key, rs in groups.items():
        rows.append((key, [str(len(rs)), med(rs, "to_signal", 1), med(rs, "to_dead"), med(rs, "after_10"), med(rs, "after_5"),
                           med(rs, "mem_min"), med(rs, "low_ms"), med(rs, "beat"), most(rs, "died"), med(rs, "kernel_oom_kills"),
                           most(rs, "record")]))
    measured = {key[:2] for key in groups}
    with open(HERE + "/peers.csv", encoding="utf-8") as f:
        for p in csv.DictReader(f):
            key = (p["scenario"], p["swap"], p["daemon"])
            if key[:2] in measured and key not in groups:
                rows.append((key, [p["n"] + " *", "-", "-"] + [p[k] for k in (
                    "after_10_ms", "after_5_ms", "mem_min_mib", "low_ms", "beat_gap_ms", "died", "kernel_kills")] + ["-"]))
    print("| scenario | swap | daemon | n | threshold to signal ms | threshold to hog dead ms | 10 % to dead ms | 5 % to dead ms |"
          " MemAvailable min MiB | time < 5 % ms | beat max gap ms | died, in order | kernel OOM kills | record |")
    print("|" + "---|" * 14)
    rows.sort(key=lambda row: (row[0][:2], row[0][2] != "badnessd", row[0][2]))
    for key, cells in rows:
        print("|", " | ".join([*key, *cells]), "|")
    if any("*" in cells[0] for _, cells in rows):
        print("\n\\* measured before, with the same roles and machine; see peers.csv.")
    kills = [r["to_signal"] for r in runs if r["daemon"] == "badnessd" and r["swap"] == "none" and
             r["scenario"] in ("leak", "burst") and r["to_signal"] is not None]
    if kills:
        print(f"\nbadnessd, leak and burst without swap, threshold to signal: {len(kills)} kills, median"
              f" {statistics.median(kills):.1f} ms, 99th percentile {percentile(kills, .99):.1f} ms, longest {max(kills):.1f} ms")
    cost_table(dirs)
    if "--raw" in sys.argv:  # full_peak: percent over the worst 2, 5 and 10 s
        print()
        for r in runs:
            print("    " + " ".join([r["name"]] + [f"{k}={r.get(k)}" for k in (
                "to_signal", "by", "to_dead", "after_5", "low_ms", "beat_max_gap_ms", "agent_gap_ms", "psi_full_ms", "full_peak",
                "end_ms", "died", "record_off_us", "host_s")]))


main()
