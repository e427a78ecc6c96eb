// SPDX-License-Identifier: GPL-2.0-only
// Reads facts from a /proc tree, live or stored in files. The fields are those
// of fs/proc/base.c and fs/proc/array.c; stand-ins replace missing ones.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "badnessd/engine/policy.h"
#include "badnessd/system/proc/cgroup.h"
#include "badnessd/system/proc/proc_text.h"
#include "badnessd/system/proc/stat_reader.h"
#include "badnessd/system/source.h"
#include "badnessd/system/sys.h"

namespace badnessd {

struct ProcfsOptions {
  std::uint32_t hz = 250;  // CPU times are converted to jiffies of this
  // The mount point of cgroups. Null: none can be watched.
  const char* cgroup_root = nullptr;
};

// The mount point of cgroups on a running system.
inline constexpr const char* kCgroupRoot = "/sys/fs/cgroup";

class ProcfsSource final : public FactSource {
 public:
  // Opens the tree at `root`. Fails with the errno of open(2), with ENODATA if
  // the reference process is missing, or with EAGAIN if there are no threads.
  [[nodiscard]] static Expected<std::unique_ptr<ProcfsSource>> open(
      const char* root, ProcfsOptions options);

  [[nodiscard]] Expected<PressureReading> read_pressure() override;
  // The same for a single look: clamps what is absurd at once.
  [[nodiscard]] Expected<PressureReading> read_pressure_once() {
    absurd_ = true;
    return read_pressure();
  }
  [[nodiscard]] VmCounters read_vm_counters() override;
  [[nodiscard]] Micros now_us() override;
  [[nodiscard]] Expected<void> read_system(Snapshot& snapshot) override;
  void read_ahead(std::span<const std::int32_t> pids) override {
    stats_.read_ahead(pids);
  }
  [[nodiscard]] Expected<Task> read(std::int32_t pid, Gaps& gaps) override;
  [[nodiscard]] Expected<bool> read_memory(Task& task, StatmFields& known,
                                           bool swapped) override;
  [[nodiscard]] Expected<void> read_oom_adj(Task& task) override;
  void read_children(Snapshot& snapshot, std::uint32_t index) override;
  [[nodiscard]] Expected<void> list(std::vector<ListedProcess>& listed,
                                    const PidRange& range) override;
  [[nodiscard]] std::optional<std::int32_t> last_pid() override;
  [[nodiscard]] std::int32_t pid_max() override;
  [[nodiscard]] bool share_mm(const Task& a, const Task& b) override;
  [[nodiscard]] HungRead hung_read(Micros now_us) override {
    return stats_.hung(now_us);
  }

  // All that a cycle reads of this tree.
  [[nodiscard]] Sources sources() noexcept {
    return {*this, cgroups_, identities_, unshared_, accounts_.get()};
  }
  // Whether this is the running kernel's /proc: its pids fit system calls.
  [[nodiscard]] bool live() const noexcept { return live_; }
  // badnessd's own pid on a live system, 0 elsewhere.
  [[nodiscard]] std::int32_t self_pid() const noexcept {
    return live_ ? reference_pid_ : 0;
  }
  // This machine for Policy; without memory if `reading` has failed.
  [[nodiscard]] Machine machine(
      const Expected<PressureReading>& reading) const noexcept;
  // The process that stands for the allocating task: badnessd on a live system,
  // `self` of a stored tree, else pid 1.
  [[nodiscard]] std::int32_t reference_pid() const noexcept {
    return reference_pid_;
  }
  // The effective capabilities of the reference process.
  [[nodiscard]] std::uint64_t reference_caps() const noexcept {
    return reference_.cap_effective;
  }
  // For PidfdKiller.
  [[nodiscard]] int root_fd() const noexcept { return root_.get(); }
  [[nodiscard]] StatReader& stats() noexcept { return stats_; }

 private:
  ProcfsSource(UniqueFd root, ProcfsOptions options)
      : root_(std::move(root)),
        options_(options),
        cgroups_(options.cgroup_root),
        stats_(root_.get()),
        identities_(root_.get()),
        unshared_(root_.get()) {}

  void find_reference();
  [[nodiscard]] Expected<void> read_reference();
  [[nodiscard]] Expected<std::string_view> read_file(std::int32_t pid,
                                                     std::string_view file);
  [[nodiscard]] Expected<StatusFields> read_status(std::int32_t pid);
  [[nodiscard]] Expected<std::uint64_t> read_uptime();
  void add_reclaimable_arc(PressureReading& reading);

  [[nodiscard]] Expected<Task> read_stat(std::int32_t pid);
  [[nodiscard]] Expected<Task> read_without_stat(std::int32_t pid);
  void read_group_of_dead_leader(Task& task, std::uint32_t num_threads);
  // Calls visit(tid) for each thread of `pid`, until one returns true.
  template <class Visit>
  void for_threads(std::int32_t pid, Visit visit) {
    const auto directory = open_directory(root_.get(), path_.of(pid, "task"));
    bool done = false;
    const auto listed =
        directory ? threads_.for_each_number(
                        directory->get(),
                        [&](std::int32_t tid, std::uint64_t /*inode*/) {
                          done = done || visit(tid);
                        })
                  : Expected<void>();
    static_cast<void>(listed);  // the process vanished: no threads
  }
  // The stat of the first live thread of a process whose leader has exited.
  [[nodiscard]] std::optional<StatFields> read_live_thread(std::int32_t pid);
  // status of thread `tid`, or of the process if `tid` is 0.
  [[nodiscard]] Expected<StatusFields> read_status_of(std::int32_t pid,
                                                      std::int32_t tid);
  // Of status: all, and the memory alone.
  void apply_status(const StatusFields& status, Task& task, Gaps& gaps);
  void apply_memory(const StatusFields& status, Task& task);
  void apply_capabilities(std::uint64_t effective, Task& task, Gaps& gaps);
  [[nodiscard]] bool mems_intersect(const Task& task,
                                    const StatusFields& status);
  void find_shared_mm(Snapshot& snapshot, const Task& task);
  enum class SameMm : std::uint8_t { kYes, kNo, kUnknown };
  // `statm` is that of `a`.
  [[nodiscard]] SameMm compare_mm(const Task& a,
                                  const Expected<StatmFields>& statm,
                                  const Task& b);
  // Anonymous resident memory: RssAnon of status, or resident minus shared of
  // statm (before 4.5).
  [[nodiscard]] Kib anonymous_kib(const StatusFields& status, std::int32_t pid);
  void read_score_adj(Task& task);

  UniqueFd root_;
  ProcfsOptions options_;
  CgroupTree cgroups_;
  StatReader stats_;
  IdentitySource identities_;
  Worker<UnsharedReader> unshared_;
  std::unique_ptr<Worker<AccountReader>> accounts_;
  bool live_ = false;
  bool kernel26_ = false;
  bool has_oom_adj_ = false;
  bool has_score_adj_ = false;
  bool has_userns_ = false;
  bool absurd_ = false;  // the last reading was
  bool has_middle_pages_ = false;
  std::int32_t reference_pid_ = 0;
  std::uint32_t page_size_ = 4096;
  StatusFields reference_;
  UniqueFd meminfo_;  // kept open on the live system
  UniqueFd psi_;
  // status of a process in 65,536 groups, or a list of 100,000 children: to
  // read what is larger is no part of a decision.
  static constexpr std::size_t kBuffer = std::size_t{1} << 20;
  FileReader reader_{kBuffer};
  DirectoryReader processes_;
  // The offset of a process's entry in the directory, less its pid. On Linux
  // it is the same for all processes (fs/proc/base.c: proc_pid_readdir()), so
  // that a list can begin at any pid. None: not seen yet, or not the same.
  std::optional<std::int64_t> entry_offset_;
  DirectoryReader threads_;
  PidPath path_;
  std::vector<Child> list_;  // scratch: the children of one leader
};

}  // namespace badnessd
