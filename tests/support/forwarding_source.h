// SPDX-License-Identifier: GPL-2.0-only
// A FactSource that hands everything on to another, for tests that change one
// thing of it.
#pragma once

#include "badnessd/system/source.h"

namespace badnessd::test {

class ForwardingSource : public FactSource {
 public:
  // `source` outlives it.
  explicit ForwardingSource(FactSource& source) : source_(source) {}

  [[nodiscard]] Expected<PressureReading> read_pressure() override {
    return source_.read_pressure();
  }
  [[nodiscard]] std::optional<std::uint64_t> read_oom_kills() override {
    return source_.read_oom_kills();
  }
  [[nodiscard]] Micros now_us() override { return source_.now_us(); }
  [[nodiscard]] Expected<void> scan(Snapshot& snapshot) override {
    return source_.scan(snapshot);
  }
  void refine(Snapshot& snapshot, std::uint32_t index) override {
    source_.refine(snapshot, index);
  }
  [[nodiscard]] Expected<void> list(
      std::vector<ListedProcess>& listed) override {
    return source_.list(listed);
  }
  [[nodiscard]] Expected<HeldFacts> read_held(std::int32_t pid,
                                              const HeldFacts& known) override {
    return source_.read_held(pid, known);
  }
  [[nodiscard]] bool share_mm(const Task& a, const Task& b) override {
    return source_.share_mm(a, b);
  }
  void measure(std::span<const UnsharedReader::Question> questions) override {
    source_.measure(questions);
  }
  [[nodiscard]] std::vector<Unshared> measured() override {
    return source_.measured();
  }
  void identify(std::span<const ListedProcess> processes) override {
    source_.identify(processes);
  }
  [[nodiscard]] std::int32_t identifying() override {
    return source_.identifying();
  }
  [[nodiscard]] std::vector<IdentityTexts> identified() override {
    return source_.identified();
  }
  [[nodiscard]] Expected<std::string_view> read_exe(std::int32_t pid) override {
    return source_.read_exe(pid);
  }
  [[nodiscard]] Expected<std::string_view> read_cgroup_of(
      std::int32_t pid) override {
    return source_.read_cgroup_of(pid);
  }
  [[nodiscard]] std::vector<std::string> list_cgroups(
      const Glob& scope) override {
    return source_.list_cgroups(scope);
  }
  [[nodiscard]] Expected<PressureReading> read_cgroup(
      const std::string& cgroup, const PressureReading& system) override {
    return source_.read_cgroup(cgroup, system);
  }
  [[nodiscard]] std::string_view oom_group(std::string_view cgroup,
                                           std::string_view top) override {
    return source_.oom_group(cgroup, top);
  }
  void mark_cgroup(std::string_view cgroup, Snapshot& snapshot) override {
    source_.mark_cgroup(cgroup, snapshot);
  }

 private:
  FactSource& source_;
};

}  // namespace badnessd::test
