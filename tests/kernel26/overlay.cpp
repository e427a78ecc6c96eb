// SPDX-License-Identifier: GPL-2.0-only
#include "overlay.h"

#include <algorithm>
#include <tuple>

#include "badnessd/engine/kernel26.h"

namespace badnessd::kernel26 {
namespace {

void set_cpu_clocks(const Capture& capture, const Moment& moment,
                    Snapshot& snapshot) {
  for (std::size_t i = 0; i < snapshot.tasks.size(); ++i) {
    Task& task = snapshot.tasks[i];
    auto ns = capture.beside[i].cpu_ns;
    if (task.id.pid == kReaderPid && moment.reader_cpu_ns) {
      ns = moment.reader_cpu_ns;
    }
    // Whole jiffies in this unit, so nothing is lost (README of the captures).
    if (ns) {
      task.cpu_jiffies = *ns / tick_nsec(capture.hz);
    }
  }
}

void set_start_times(const std::vector<Origin>& origins, Snapshot& snapshot) {
  for (std::size_t i = 0; i < origins.size(); ++i) {
    Task& task = snapshot.tasks[i];
    task.id.start_time = origins[i].start_time.value_or(task.id.start_time);
  }
}

void set_children(const std::vector<Origin>& origins, std::uint32_t facts,
                  Snapshot& snapshot) {
  std::vector<Child> children;
  for (std::size_t i = 0; i < snapshot.tasks.size(); ++i) {
    Task& parent = snapshot.tasks[i];
    const auto first = static_cast<std::uint32_t>(children.size());
    for (std::uint32_t k = 0; k < parent.child_count; ++k) {
      Child child = snapshot.children[parent.first_child + k];
      const Origin& origin = origins[child.task];
      if ((facts & kForker) != 0 && !origin.on_leaders_list) {
        continue;
      }
      if ((facts & kSharedMm) != 0) {
        child.shares_mm = origin.mm == origins[i].mm;
      }
      children.push_back(child);
    }
    std::sort(children.begin() + first, children.end(),
              [&origins](const Child& a, const Child& b) {
                const Origin& x = origins[a.task];
                const Origin& y = origins[b.task];
                return std::tie(x.linked_time, x.linked_tid) <
                       std::tie(y.linked_time, y.linked_tid);
              });
    parent.first_child = first;
    parent.child_count = static_cast<std::uint32_t>(children.size()) - first;
  }
  snapshot.children = std::move(children);
}

}  // namespace

Snapshot overlaid(const Capture& capture, const std::vector<Origin>& origins,
                  std::uint32_t facts, const Moment& moment) {
  Snapshot snapshot = capture.snapshot;
  snapshot.uptime_s = moment.uptime_s;
  if ((facts & kCpuClock) != 0) {
    set_cpu_clocks(capture, moment, snapshot);
  }
  if ((facts & (kForker | kSharedMm)) != 0) {
    set_children(origins, facts, snapshot);
  }
  if ((facts & kStartTime) != 0) {
    set_start_times(origins, snapshot);
  }
  if (moment.reader_nodes) {
    for (std::size_t i = 0; i < snapshot.tasks.size(); ++i) {
      snapshot.tasks[i].mems_intersect =
          nodes_intersect(capture.beside[i], *moment.reader_nodes);
    }
  }
  return snapshot;
}

// kernel/cpuset.c: any thread's nodes will do. What is not known counts as an
// intersection, as it does in ProcfsSource.
bool nodes_intersect(const Beside& beside, const NodeMask& nodes) {
  return std::any_of(beside.threads.begin(), beside.threads.end(),
                     [&nodes](const Thread& thread) {
                       return !thread.nodes || thread.nodes->intersects(nodes);
                     });
}

}  // namespace badnessd::kernel26
