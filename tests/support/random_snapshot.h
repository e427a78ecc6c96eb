// SPDX-License-Identifier: GPL-2.0-only
// Random facts for property tests.
#pragma once

#include <cstdint>
#include <random>

#include "badnessd/engine/task.h"

namespace badnessd::test {

// A snapshot of few distinct values, so that there are
// ties, and some so large that the arithmetic wraps. Each task's children are a
// random part of those that name it as their parent, in random order, some with
// its mm.
[[nodiscard]] Snapshot random_snapshot(std::uint64_t seed);

}  // namespace badnessd::test
