// SPDX-License-Identifier: GPL-2.0-only
// Constants and small conversions of Linux 2.6.32 that badness() uses, each
// with its kernel source. Nothing here depends on the running kernel.
#pragma once

#include <bit>
#include <cstdint>

namespace badnessd {

// init, which adopts each process whose parent exits (kernel/exit.c:
// forget_original_parent()).
inline constexpr std::int32_t kInitPid = 1;

// include/linux/oom.h. -17 exempts a process.
inline constexpr int kOomDisable = -17;
inline constexpr int kOomAdjustMin = -16;
inline constexpr int kOomAdjustMax = 15;

// include/linux/sched.h, field `flags` of /proc/<pid>/stat. Exiting, ForkNoExec
// and Kthread still have these values in 6.18. OomOrigin (swapoff, KSM) is
// valid on 2.6 only: later kernels gave the bit another meaning.
inline constexpr std::uint32_t kPfExiting = 0x00000004;
inline constexpr std::uint32_t kPfForkNoExec = 0x00000040;
inline constexpr std::uint32_t kPfOomOrigin = 0x00080000;
inline constexpr std::uint32_t kPfKthread = 0x00200000;

// include/linux/capability.h: bits of CapEff.
inline constexpr std::uint64_t kCapKill = 1ULL << 5;
inline constexpr std::uint64_t kCapIpcLock = 1ULL << 14;
inline constexpr std::uint64_t kCapSysRawio = 1ULL << 17;
inline constexpr std::uint64_t kCapSysPtrace = 1ULL << 19;
inline constexpr std::uint64_t kCapSysAdmin = 1ULL << 21;
inline constexpr std::uint64_t kCapSysResource = 1ULL << 24;

// The unit in which /proc shows times (utime, stime, starttime).
inline constexpr std::uint32_t kUserHz = 100;

// The values of CONFIG_HZ that 2.6.32 offers.
[[nodiscard]] constexpr bool valid_hz(std::uint64_t hz) noexcept {
  return hz == 100 || hz == 250 || hz == 300 || hz == 1000;
}

// include/linux/jiffies.h: SHIFT_HZ, the power of two nearest to HZ.
[[nodiscard]] constexpr unsigned shift_hz(std::uint32_t hz) noexcept {
  if (hz < 192) {
    return 7;
  }
  if (hz < 384) {
    return 8;
  }
  return hz < 768 ? 9 : 10;
}

// include/linux/jiffies.h: TICK_NSEC, the length of a jiffy in nanoseconds. It
// is not 1e9 / HZ: the PC timer chip (1193182 Hz) cannot divide to that. The
// four values are those that the kernel's macros give on x86.
[[nodiscard]] constexpr std::uint64_t tick_nsec(std::uint32_t hz) noexcept {
  switch (hz) {
    case 100:
      return 10'000'000;
    case 250:
      return 4'000'250;
    case 300:
      return 3'333'116;
    default:
      return 999'848;
  }
}

// kernel/time.c: clock_t_to_jiffies(). Converts a /proc time to the jiffies of
// a kernel that runs at `hz`. /proc rounds: the result can differ from the
// cpu_time of mm/oom_kill.c: badness() by a jiffy or two.
[[nodiscard]] constexpr std::uint64_t ticks_to_jiffies(
    std::uint64_t ticks, std::uint32_t hz) noexcept {
  return ticks / kUserHz * hz + ticks % kUserHz * hz / kUserHz;
}

// lib/int_sqrt.c: the floor of the square root.
[[nodiscard]] constexpr std::uint64_t int_sqrt(std::uint64_t x) noexcept {
  std::uint64_t root = 0;
  // Starts at the highest power of four that is not above x.
  const unsigned top =
      x == 0 ? 0 : (static_cast<unsigned>(std::bit_width(x)) - 1) / 2 * 2;
  for (std::uint64_t bit = 1ULL << top; bit != 0; bit >>= 2) {
    if (x >= root + bit) {
      x -= root + bit;
      root = (root >> 1) + bit;
    } else {
      root >>= 1;
    }
  }
  return root;
}

// fs/proc/base.c (2.6.36 and later): what /proc/<pid>/oom_adj shows for a given
// oom_score_adj (-1000..1000). Lossy: x 17 / 1000 truncated toward zero, and
// not above 15.
[[nodiscard]] constexpr int oom_adj_from_score_adj(int score_adj) noexcept {
  const int oom_adj = score_adj * 17 / 1000;
  return oom_adj > kOomAdjustMax ? kOomAdjustMax : oom_adj;
}

}  // namespace badnessd
