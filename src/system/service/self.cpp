// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/system/service/self.h"

#include <fcntl.h>
#include <malloc.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>

#include "badnessd/system/kill/killer.h"

namespace badnessd {

Expected<void> lock_memory(bool may_lock) {
  rlimit limit{};
  const bool unlimited = ::getrlimit(RLIMIT_MEMLOCK, &limit) == 0 &&
                         limit.rlim_cur == RLIM_INFINITY;
  if (!may_lock && !unlimited) {
    return tl::unexpected(Error{EPERM, "lock memory"});
  }
  if (::mlockall(MCL_CURRENT | MCL_FUTURE) != 0) {
    return tl::unexpected(Error{errno, "mlockall"});
  }
  return {};
}

void keep_heap() noexcept {
  ::mallopt(M_TRIM_THRESHOLD, -1);
  ::mallopt(M_MMAP_MAX, 0);
  ::mallopt(M_ARENA_MAX, 1);  // threads share the arena
}

void prefault_stack() noexcept {
  constexpr std::size_t kStack = 128UL * 1024;
  constexpr std::size_t kPage = 4096;
  std::array<volatile char, kStack>
      stack;  // NOLINT(cppcoreguidelines-pro-type-member-init): touched below
  for (std::size_t i = 0; i < stack.size(); i += kPage) {
    stack[i] = 0;
  }
}

Expected<void> exempt_from_kernel_oom(int proc_root) {
  const UniqueFd fd(
      ::openat(proc_root, "self/oom_score_adj", O_WRONLY | O_CLOEXEC));
  constexpr std::string_view kExempt = "-1000";
  if (!fd.valid() || ::write(fd.get(), kExempt.data(), kExempt.size()) < 0) {
    return tl::unexpected(Error{errno, "oom_score_adj -1000"});
  }
  return {};
}

HostFacts read_host(int proc_root) {
  FileReader reader;
  HostFacts facts;
  facts.process_mrelease = MemoryReleaser::available();
  facts.pidfd = PidfdKiller::available();
  rlimit memlock{};
  facts.memlock_unlimited = ::getrlimit(RLIMIT_MEMLOCK, &memlock) == 0 &&
                            memlock.rlim_cur == RLIM_INFINITY;
  const auto overcommit = reader.read(proc_root, "sys/vm/overcommit_memory");
  facts.strict_overcommit = overcommit && overcommit->starts_with('2');
  return facts;
}

}  // namespace badnessd
