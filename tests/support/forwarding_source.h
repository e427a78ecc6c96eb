// SPDX-License-Identifier: GPL-2.0-only
// A FactSource that hands everything on to another, for tests that change one
// thing of it.
#pragma once

#include "badnessd/system/source.h"

namespace badnessd::test {

class ForwardingSource : public FactSource {
 public:
  // What `sources` refers to outlives it.
  explicit ForwardingSource(const Sources& sources)
      : rest_(sources), source_(sources.facts) {}

  [[nodiscard]] Expected<PressureReading> read_pressure() override {
    return source_.read_pressure();
  }
  [[nodiscard]] VmCounters read_vm_counters() override {
    return source_.read_vm_counters();
  }
  [[nodiscard]] Micros now_us() override { return source_.now_us(); }
  [[nodiscard]] Expected<void> read_system(Snapshot& snapshot) override {
    return source_.read_system(snapshot);
  }
  [[nodiscard]] Expected<Task> read(std::int32_t pid, Gaps& gaps) override {
    return source_.read(pid, gaps);
  }
  [[nodiscard]] Expected<bool> read_memory(Task& task, StatmFields& known,
                                           bool swapped) override {
    return source_.read_memory(task, known, swapped);
  }
  [[nodiscard]] Expected<void> read_oom_adj(Task& task) override {
    return source_.read_oom_adj(task);
  }
  void read_children(Snapshot& snapshot, std::uint32_t index) override {
    source_.read_children(snapshot, index);
  }
  [[nodiscard]] Expected<void> list(std::vector<ListedProcess>& listed,
                                    const PidRange& range) override {
    return source_.list(listed, range);
  }
  [[nodiscard]] std::optional<std::int32_t> last_pid() override {
    return source_.last_pid();
  }
  [[nodiscard]] std::int32_t pid_max() override { return source_.pid_max(); }
  [[nodiscard]] bool share_mm(const Task& a, const Task& b) override {
    return source_.share_mm(a, b);
  }
  void read_ahead(std::span<const std::int32_t> pids) override {
    source_.read_ahead(pids);
  }
  [[nodiscard]] HungRead hung_read(Micros now_us) override {
    return source_.hung_read(now_us);
  }

  [[nodiscard]] Sources sources() noexcept {
    return {*this, rest_.cgroups, rest_.identities, rest_.unshared,
            rest_.accounts};
  }

 private:
  Sources rest_;
  FactSource& source_;
};

}  // namespace badnessd::test
