// SPDX-License-Identifier: GPL-2.0-only
// A FactSource for tests: hands out given facts in the two steps in which a
// real source reads them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "badnessd/system/source.h"

namespace badnessd::test {

class FakeSource final : public FactSource {
 public:
  // `full` is what refining every task shall give: tasks by pid, and as the
  // children of each the leader's own list, a part of those that name it as
  // their ppid. With `swap_in_scan` swap counts among the cheap facts.
  explicit FakeSource(Snapshot full, bool swap_in_scan = false);

  [[nodiscard]] Expected<PressureReading> read_pressure() override;
  [[nodiscard]] std::optional<std::uint64_t> read_oom_kills() override {
    return oom_kills_;
  }
  // The clock is that of the last reading.
  [[nodiscard]] Micros now_us() override { return now_us_; }
  [[nodiscard]] Expected<void> scan(Snapshot& snapshot) override;
  void refine(Snapshot& snapshot, std::uint32_t index) override;

  [[nodiscard]] Expected<void> list(
      std::vector<ListedProcess>& listed) override;
  [[nodiscard]] Expected<HeldFacts> read_held(std::int32_t pid,
                                              const HeldFacts& known) override;
  [[nodiscard]] bool share_mm(const Task& a, const Task& b) override;
  void measure(std::span<const UnsharedReader::Question> questions) override;
  [[nodiscard]] std::vector<Unshared> measured() override {
    return std::exchange(measured_, {});
  }
  void identify(std::span<const ListedProcess> processes) override;
  [[nodiscard]] std::int32_t identifying() override { return hanging_; }
  [[nodiscard]] std::vector<IdentityTexts> identified() override {
    return std::exchange(answers_, {});
  }
  [[nodiscard]] Expected<std::string_view> read_exe(std::int32_t pid) override;
  [[nodiscard]] Expected<std::string_view> read_cgroup_of(
      std::int32_t pid) override;
  [[nodiscard]] std::vector<std::string> list_cgroups(
      const Glob& scope) override;
  [[nodiscard]] Expected<PressureReading> read_cgroup(
      const std::string& cgroup, const PressureReading& system) override;
  [[nodiscard]] std::string_view oom_group(std::string_view cgroup,
                                           std::string_view top) override;
  void mark_cgroup(std::string_view cgroup, Snapshot& snapshot) override;

  // Who the processes are, by pid; of others nothing can be read.
  struct Who {
    std::string exe, cmdline, cgroup;
  };
  void set_identity(std::int32_t pid, Who who) {
    identities_[pid] = std::move(who);
  }
  // What read_cgroup() shall say; of others that they are not there.
  void set_cgroup(const std::string& cgroup, const PressureReading& reading) {
    cgroups_[cgroup] = reading;
  }
  void remove_cgroup(const std::string& cgroup) { cgroups_.erase(cgroup); }
  void set_oom_group(const std::string& cgroup) { oom_group_ = cgroup; }
  [[nodiscard]] std::uint32_t looks() const noexcept { return looks_; }
  // Reading who this is does not end; 0: it does.
  void set_hanging(std::int32_t pid) { hanging_ = pid; }
  // One more process from the next scan on.
  void add(const Task& task);

  // The process as it is from now on, in all that is read of it.
  [[nodiscard]] Task& task(std::int32_t pid);
  void remove(std::int32_t pid);
  void replace(Snapshot full) { full_ = std::move(full); }
  // list() shows other inodes.
  void set_inode_offset(std::uint64_t offset) { inode_offset_ = offset; }
  // What measure() shall find; of others nothing.
  void set_unshared(const Unshared& unshared) {
    unshared_[unshared.id.pid] = unshared;
  }
  // These share one mm.
  void set_sharing(std::int32_t a, std::int32_t b) { sharing_ = {a, b}; }
  [[nodiscard]] std::uint32_t notes() const noexcept { return notes_; }

  // What read_pressure() shall say.
  void set_pressure(const Expected<PressureReading>& pressure) {
    pressure_ = pressure;
  }
  // Each reading comes this much after the one before.
  void set_step(Micros step_us) { step_us_ = step_us; }
  void set_oom_kills(std::uint64_t kills) { oom_kills_ = kills; }
  // The process exits between the next scan and its refinement.
  void set_vanishing(std::int32_t pid) { vanishing_ = pid; }

  [[nodiscard]] std::uint32_t scans() const noexcept { return scans_; }
  [[nodiscard]] std::uint32_t refines() const noexcept { return refines_; }

 private:
  Snapshot full_;
  bool swap_in_scan_;
  Expected<PressureReading> pressure_;
  std::int32_t vanishing_ = 0;
  std::uint64_t oom_kills_ = 0;
  Micros now_us_ = 1'000'000;
  Micros step_us_ = 10'000;
  std::map<std::int32_t, Who> identities_;
  std::map<std::string, PressureReading> cgroups_;
  std::string oom_group_;
  std::vector<IdentityTexts> answers_;
  std::map<std::int32_t, Unshared> unshared_;
  std::vector<Unshared> measured_;
  std::uint32_t looks_ = 0;  // at processes
  std::int32_t hanging_ = 0;
  std::uint32_t scans_ = 0;
  std::uint32_t refines_ = 0;
  std::uint64_t inode_offset_ = 0;
  std::uint32_t notes_ = 0;  // of single processes
  std::pair<std::int32_t, std::int32_t> sharing_{};
};

}  // namespace badnessd::test
