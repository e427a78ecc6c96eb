// SPDX-License-Identifier: GPL-2.0-only
// Exit codes of sysexits.h. A service manager can distinguish a configuration
// mistake from a fault.
#pragma once

namespace badnessd {

inline constexpr int kExitOk = 0;
inline constexpr int kExitFailure = 1;
inline constexpr int kExitUsage = 64;
inline constexpr int kExitNoInput = 66;  // no such process, file or directory
inline constexpr int kExitPermission = 77;
inline constexpr int kExitConfig = 78;

}  // namespace badnessd
