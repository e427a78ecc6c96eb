// SPDX-License-Identifier: GPL-2.0-only
// The identity of a process: program, arguments, cgroup.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "badnessd/engine/task.h"
#include "badnessd/system/sys.h"
#include "badnessd/system/worker.h"

namespace badnessd {

// A process as a listing of /proc shows it. `inode` is that of its directory:
// it differs for another process with the same pid, and for the same process
// after the kernel dropped the inode from its cache.
struct ListedProcess {
  std::int32_t pid = 0;
  std::uint64_t inode = 0;

  friend bool operator==(const ListedProcess&, const ListedProcess&) = default;
};

// What is read apart: a command line that hangs keeps no cgroup unknown.
enum class IdentityPart : std::uint8_t { kPlace, kArguments };
inline constexpr std::size_t kIdentityParts = 2;

// The texts that rules match. All are empty if the process is gone. kPlace is
// cgroup and program, kArguments the command line.
struct IdentityTexts {
  ListedProcess process;
  TaskId id{};
  std::array<char, 64> comm{};
  std::optional<std::string> exe{};  // the program; none: it may not be read
  std::string cmdline{};  // arguments joined by blanks, the first 64 KiB
  std::string cgroup{};   // its path; empty if unknown

  [[nodiscard]] std::size_t size() const noexcept { return cmdline.size(); }
};

// Reads one process; can block.
class IdentityReader {
 public:
  using Question = ListedProcess;
  using Answer = IdentityTexts;
  // Uses a copy of `proc_root`, a descriptor of /proc.
  IdentityReader(int proc_root, IdentityPart part)
      : proc_root_(copy_of(proc_root)), part_(part) {}
  [[nodiscard]] Answer read(const Question& process);
  [[nodiscard]] static Answer unknown(const Question& process) {
    return {.process = process};
  }

 private:
  UniqueFd proc_root_;
  IdentityPart part_;
  FileReader reader_;
  PidPath path_;
};

class IdentitySource {
 public:
  // `proc_root` is a descriptor of /proc that outlives this object.
  explicit IdentitySource(int proc_root)
      : proc_root_(proc_root),
        place_(proc_root, IdentityPart::kPlace),
        arguments_(proc_root, IdentityPart::kArguments) {}

  // Reads what can hang.
  [[nodiscard]] Worker<IdentityReader>& worker(IdentityPart part) noexcept {
    return part == IdentityPart::kPlace ? place_ : arguments_;
  }

  // The cgroup of `pid`. Call it only after the signal: before Linux 6.7 it can
  // wait for a task that changes cgroups, and that task for memory. Valid until
  // the next call.
  [[nodiscard]] Expected<std::string_view> read_cgroup(std::int32_t pid);

 private:
  int proc_root_;
  Worker<IdentityReader> place_;
  Worker<IdentityReader> arguments_;
  FileReader reader_{std::size_t{4096}};
  PidPath path_;
};

}  // namespace badnessd
