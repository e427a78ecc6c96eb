// SPDX-License-Identifier: GPL-2.0-only
// A pass over all processes after the first allocates nothing. This executable
// counts every allocation that it makes.
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "badnessd/app/config/settings.h"
#include "badnessd/cycle/cycle.h"
#include "badnessd/engine/policy.h"
#include "badnessd/system/proc/procfs.h"
#include "roots.h"

#if defined(__SANITIZE_ADDRESS__)
#define BADNESSD_OWN_MALLOC 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define BADNESSD_OWN_MALLOC 0
#endif
#endif
#ifndef BADNESSD_OWN_MALLOC
#define BADNESSD_OWN_MALLOC 1
#endif

namespace {
std::atomic<std::uint64_t> allocations{0};
}  // namespace

#if BADNESSD_OWN_MALLOC
// glibc's own, under the names by which an interposer may call them. The C++
// operators come down to malloc().
extern "C" {
void* glibc_malloc(std::size_t size) __asm__("__libc_malloc");
void* glibc_calloc(std::size_t count,
                   std::size_t size) __asm__("__libc_calloc");
void* glibc_realloc(void* old, std::size_t size) __asm__("__libc_realloc");
void* glibc_memalign(std::size_t alignment,
                     std::size_t size) __asm__("__libc_memalign");

// The program's own, under names that are not declared elsewhere.
void* counted_malloc(std::size_t size) __asm__("malloc");
void* counted_calloc(std::size_t count, std::size_t size) __asm__("calloc");
void* counted_realloc(void* old, std::size_t size) __asm__("realloc");
void* counted_aligned_alloc(std::size_t alignment,
                            std::size_t size) __asm__("aligned_alloc");

void* counted_malloc(std::size_t size) {
  ++allocations;
  return glibc_malloc(size);
}
void* counted_calloc(std::size_t count, std::size_t size) {
  ++allocations;
  return glibc_calloc(count, size);
}
void* counted_realloc(void* old, std::size_t size) {
  ++allocations;
  return glibc_realloc(old, size);
}
void* counted_aligned_alloc(std::size_t alignment, std::size_t size) {
  ++allocations;
  return glibc_memalign(alignment, size);
}
}
#endif

namespace badnessd {
namespace {

class Allocations : public testing::Test {
 protected:
  void SetUp() override {
    if (BADNESSD_OWN_MALLOC == 0) {
      GTEST_SKIP() << "AddressSanitizer has a malloc of its own";
    }
  }
};

// Reading the trigger, everything between it and the signal.
void pass(ProcfsSource& source, const Policy& policy, CycleState& state) {
  DryRunKiller killer;
  state.once = true;
  const CycleResult result = run_cycle(source.sources(), policy, killer, state);
  ASSERT_NE(result.kind, CycleResult::Kind::kSampleLost) << result.error.what;
  state.incident.reported = false;  // and again
}

Policy shipped() {
  Policy policy;
  policy.triggers = default_triggers();
  return policy;
}

TEST_F(Allocations, AreCounted) {
  const std::uint64_t before = allocations;
  const std::string text(1000, 'x');
  const auto number = std::make_unique<int>(text.size());
  EXPECT_EQ(allocations - before, 2U) << *number;
}

TEST_F(Allocations, NoneInALaterPassOverAStoredTree) {
  const auto source = test::open_root(TEST_PROC_DIR "/server");
  const Policy policy = shipped();
  CycleState state(policy);
  pass(*source, policy, state);
  const std::uint64_t before = allocations;
  pass(*source, policy, state);
  EXPECT_EQ(allocations - before, 0U);
}

TEST_F(Allocations, NoneInALaterPassOverTheRunningSystem) {
  const auto source = test::open_root("/proc");
  const Policy policy = shipped();
  CycleState state(policy);
  state.make_room();  // for those that start meanwhile, as the daemon does
  pass(*source, policy, state);
  const std::uint64_t before = allocations;
  pass(*source, policy, state);
  EXPECT_EQ(allocations - before, 0U);
}

}  // namespace
}  // namespace badnessd
