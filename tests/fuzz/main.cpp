// SPDX-License-Identifier: GPL-2.0-only
// Where libFuzzer comes in.
#include "fuzz.h"

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer calls it by that
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  badnessd::fuzz::fuzz_one({reinterpret_cast<const char*>(data), size});
  return 0;
}
