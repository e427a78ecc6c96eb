// SPDX-License-Identifier: GPL-2.0-only
// Finds out who processes are. A command line is read under the mmap lock of
// its process, which a thread that faults on a dead file server or on a user's
// own FUSE keeps for as long as that likes (ps(1) hangs there too); a cgroup,
// before Linux 6.7, under a mutex of all cgroups. So this has a thread of its
// own, which may hang while the loop goes on with what is known.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "badnessd/engine/task.h"
#include "badnessd/system/sys.h"

namespace badnessd {

// A process as a listing of /proc shows it. The inode is that of its directory:
// another process of the same pid has another, and so has the same one when the
// kernel had to forget it.
struct ListedProcess {
  std::int32_t pid = 0;
  std::uint64_t inode = 0;

  friend bool operator==(const ListedProcess&, const ListedProcess&) = default;
};

// What rules ask for. All empty if nothing could be read: it is gone.
struct IdentityTexts {
  ListedProcess process;
  TaskId id{};
  std::array<char, 64> comm{};
  std::string cmdline{};  // blanks between the arguments, the first 64 KiB
  std::string cgroup{};   // its path; empty if not known
};

// Reads one, here and now.
class IdentityReader {
 public:
  [[nodiscard]] IdentityTexts read(int proc_root, const ListedProcess& process);

 private:
  FileReader reader_;
  PidPath path_;
};

class Clerk {
 public:
  // Starts the thread. `proc_root` is a descriptor of /proc; it is copied.
  [[nodiscard]] static Expected<std::unique_ptr<Clerk>> start(int proc_root);

  Clerk(const Clerk&) = delete;
  Clerk& operator=(const Clerk&) = delete;
  Clerk(Clerk&&) = delete;
  Clerk& operator=(Clerk&&) = delete;
  // Does not wait for the thread.
  ~Clerk();

  // Whom it reads now; 0: it has nothing to do.
  [[nodiscard]] std::int32_t busy_with() const noexcept;
  // Asks for these. Only while it has nothing to do.
  void ask(std::span<const ListedProcess> processes);
  // Those asked for in their order, once it has nothing to do any more; no more
  // of them than fit into kMostText, for anybody can fill his command lines.
  static constexpr std::size_t kMostText = std::size_t{1} << 20;
  [[nodiscard]] std::vector<IdentityTexts> take_answers();

 private:
  struct Desk;  // what both sides share; it outlives whoever leaves first
  explicit Clerk(std::shared_ptr<Desk> desk) : desk_(std::move(desk)) {}
  static void* run(void* share);

  std::shared_ptr<Desk> desk_;
};

}  // namespace badnessd
