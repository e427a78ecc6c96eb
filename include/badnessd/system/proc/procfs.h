// SPDX-License-Identifier: GPL-2.0-only
// Facts from a /proc tree, of the running kernel or stored in files. Fields and
// stand-ins are those of FACTS-2.6.32.md, "What a modern /proc does not show".
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "badnessd/system/proc/cgroup.h"
#include "badnessd/system/proc/proc_text.h"
#include "badnessd/system/source.h"
#include "badnessd/system/sys.h"

namespace badnessd {

struct ProcfsOptions {
  std::uint32_t hz = 250;  // CPU times are converted to jiffies of this
  bool swap_in_scan =
      false;  // VmSwap counts in the score: read it for everyone
  // Where cgroups are mounted: swap that they let nobody use counts as none,
  // and they can be watched. Null: neither.
  const char* cgroup_root = nullptr;
};

// Where they are on a running system.
inline constexpr const char* kCgroupRoot = "/sys/fs/cgroup";

class ProcfsSource final : public FactSource {
 public:
  // Opens the tree at `root`. Fails with the errno of opening it, and ENODATA
  // if it holds no process to take as the reference.
  [[nodiscard]] static Expected<std::unique_ptr<ProcfsSource>> open(
      const char* root, ProcfsOptions options);

  [[nodiscard]] Expected<PressureReading> read_pressure() override;
  [[nodiscard]] std::optional<std::uint64_t> read_oom_kills() override;
  [[nodiscard]] Micros now_us() override;
  [[nodiscard]] Expected<void> scan(Snapshot& snapshot) override;
  void refine(Snapshot& snapshot, std::uint32_t index) override;
  [[nodiscard]] Expected<void> list(
      std::vector<ListedProcess>& listed) override;
  [[nodiscard]] Expected<HeldFacts> read_held(std::int32_t pid,
                                              const HeldFacts& known) override;
  [[nodiscard]] bool share_mm(const Task& a, const Task& b) override;
  void measure(std::span<const UnsharedReader::Question> questions) override;
  [[nodiscard]] std::vector<Unshared> measured() override;
  void identify(std::span<const ListedProcess> processes) override;
  [[nodiscard]] std::int32_t identifying() override;
  [[nodiscard]] std::vector<IdentityTexts> identified() override;
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

  [[nodiscard]] CgroupTree& cgroups() noexcept { return cgroups_; }
  [[nodiscard]] const CgroupTree& cgroups() const noexcept { return cgroups_; }
  // The running kernel's own /proc, in which pids mean what system calls mean.
  [[nodiscard]] bool live() const noexcept { return live_; }
  // badnessd's own pid on a live system, 0 elsewhere.
  [[nodiscard]] std::int32_t self_pid() const noexcept {
    return live_ ? reference_pid_ : 0;
  }
  // What stands for the allocating task: badnessd itself, `self` of a stored
  // tree, else its pid 1.
  [[nodiscard]] std::int32_t reference_pid() const noexcept {
    return reference_pid_;
  }
  // The effective capabilities of the reference.
  [[nodiscard]] std::uint64_t reference_caps() const noexcept {
    return reference_.cap_effective;
  }
  // There is swap, but nobody may use it.
  [[nodiscard]] bool swap_unusable() const noexcept { return swap_unusable_; }
  // For PidfdKiller.
  [[nodiscard]] int root_fd() const noexcept { return root_.get(); }

 private:
  ProcfsSource(UniqueFd root, ProcfsOptions options)
      : root_(std::move(root)),
        options_(options),
        cgroups_(options.cgroup_root) {}

  void find_reference();
  [[nodiscard]] Expected<void> read_reference();
  [[nodiscard]] Expected<std::string_view> read(std::int32_t pid,
                                                std::string_view file);
  [[nodiscard]] Expected<StatusFields> read_status(std::int32_t pid);
  [[nodiscard]] Expected<std::uint64_t> read_uptime();
  void add_reclaimable_arc(PressureReading& reading);
  void leave_out_unusable_swap(PressureReading& reading);

  // scan: one process.
  [[nodiscard]] Expected<Task> read_cheap(std::int32_t pid);
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
    static_cast<void>(listed);  // it vanishes while it is listed: no threads
  }
  // The stat of the first thread that lives while the leader does not.
  [[nodiscard]] std::optional<StatFields> read_live_thread(std::int32_t pid);
  // status of the process, or of that thread.
  [[nodiscard]] Expected<StatusFields> read_status_of(std::int32_t pid,
                                                      std::int32_t tid);
  [[nodiscard]] Expected<void> read_oom_adj(Task& task);
  void add_task(Snapshot& snapshot, std::int32_t pid);

  // refine: one process.
  void apply_status(const StatusFields& status, Task& task, Gaps& gaps);
  void apply_capabilities(std::uint64_t effective, Task& task, Gaps& gaps);
  [[nodiscard]] bool mems_intersect(const Task& task,
                                    const StatusFields& status);
  void read_children(Snapshot& snapshot, Task& task);
  void find_shared_mm(Snapshot& snapshot, const Task& task);
  enum class SameMm : std::uint8_t { kYes, kNo, kUnknown };
  [[nodiscard]] SameMm compare_mm(const Task& a, const Task& b);
  // Anonymous memory, swap and shared memory as status has them, or statm where
  // that kernel's status does not.
  [[nodiscard]] Kib anonymous_kib(const StatusFields& status, std::int32_t pid);
  void read_score_adj(Task& task);

  // A kernel thread never is a candidate and never becomes anything else, so it
  // is read once. The inode of its directory tells it from a later process of
  // the same pid: procfs makes a new one for that, and also for the same thread
  // when it had to forget it, which only costs another look.
  struct KernelThread {
    std::uint64_t inode = 0;
    Task task;
  };

  UniqueFd root_;
  ProcfsOptions options_;
  CgroupTree cgroups_;
  bool live_ = false;
  bool kernel26_ = false;
  bool has_oom_adj_ = false;
  bool has_score_adj_ = false;
  bool has_userns_ = false;
  bool has_arc_ = false;
  bool swap_unusable_ = false;
  bool swap_in_use_ = true;  // not known yet
  Micros swap_judged_us_ = 0;
  std::int32_t reference_pid_ = 0;
  std::uint32_t page_size_ = 4096;
  StatusFields reference_;
  UniqueFd meminfo_;  // kept open on the live system
  UniqueFd psi_;
  FileReader reader_;
  FileReader cgroup_reader_{std::size_t{4096}};
  // From the first question on.
  std::unique_ptr<Worker<UnsharedReader>> unshared_worker_;
  std::unique_ptr<Worker<IdentityReader>> identity_worker_;
  std::vector<IdentityTexts> unanswered_;  // without one
  std::array<char, 4096> exe_{};
  DirectoryReader processes_;
  DirectoryReader threads_;
  PidPath path_;
  std::vector<KernelThread> kernel_threads_;        // of the last scan, by pid
  std::vector<KernelThread> known_kernel_threads_;  // of the one before it
  std::vector<Child> list_;  // a leader's children while they are put in order
};

}  // namespace badnessd
