// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/system/proc/pressure.h"

#include <cerrno>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace badnessd {
namespace {

// Lines of meminfo; the value of each key is what is given or nothing.
std::string meminfo(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) {
    text += line + "\n";
  }
  return text;
}

TEST(ParseMeminfo, TakesWhatIsUsed) {
  const auto reading = parse_meminfo(
      "MemTotal:       16777216 kB\nMemFree:          211840 kB\n"
      "MemAvailable:     614400 kB\nBuffers:            3912 kB\n"
      "Cached:           532712 kB\nSwapCached:        11300 kB\n"
      "SwapTotal:       2097148 kB\nSwapFree:          49540 kB\n"
      "HugePages_Total:       0\n");
  ASSERT_TRUE(reading);
  EXPECT_EQ(reading->mem_total_kib, 16'777'216U);
  EXPECT_EQ(reading->mem_available_kib, 614'400U);
  EXPECT_FALSE(reading->mem_available_estimated);
  EXPECT_EQ(reading->swap_total_kib, 2'097'148U);
  EXPECT_EQ(reading->swap_free_kib, 49'540U);
  EXPECT_FALSE(reading->psi_some);
  EXPECT_FALSE(reading->psi_full);
}

TEST(ParseMeminfo, HugetlbPagesAreNoPartOfTheTotal) {
  const auto reading = parse_meminfo(
      meminfo({"MemTotal: 1000 kB", "MemFree: 10 kB", "MemAvailable: 20 kB",
               "SwapTotal: 0 kB", "SwapFree: 0 kB", "Hugetlb: 400 kB"}));
  ASSERT_TRUE(reading);
  EXPECT_EQ(reading->mem_total_kib, 600U);
}

TEST(ParseMeminfo, WithoutMemAvailableItIsEstimated) {
  // Linux 2.6.32.
  const auto reading =
      parse_meminfo(meminfo({"MemTotal: 1000 kB", "MemFree: 100 kB",
                             "Buffers: 30 kB", "Cached: 200 kB", "Shmem: 50 kB",
                             "SwapTotal: 10 kB", "SwapFree: 10 kB"}));
  ASSERT_TRUE(reading);
  EXPECT_TRUE(reading->mem_available_estimated);
  EXPECT_EQ(reading->mem_available_kib, 280U);
}

TEST(ParseMeminfo, EstimateIsNotBelowWhatIsFree) {
  const auto reading = parse_meminfo(
      meminfo({"MemTotal: 1000 kB", "MemFree: 100 kB", "Cached: 20 kB",
               "Shmem: 50 kB", "SwapTotal: 0 kB", "SwapFree: 0 kB"}));
  ASSERT_TRUE(reading);
  EXPECT_EQ(reading->mem_available_kib, 100U);
}

TEST(ParseMeminfo, FailsWhereMoreIsFreeThanThereIs) {
  // lxcfs served SwapFree: 18446744073709551360, and earlyoom fell over it.
  const std::vector<std::vector<std::string>> absurd{
      {"MemTotal: 1000 kB", "MemFree: 9 kB", "MemAvailable: 9 kB",
       "SwapTotal: 100 kB", "SwapFree: 18446744073709551360 kB"},
      {"MemTotal: 1000 kB", "MemFree: 1001 kB", "MemAvailable: 9 kB",
       "SwapTotal: 0 kB", "SwapFree: 0 kB"},
      {"MemTotal: 1000 kB", "MemFree: 9 kB", "MemAvailable: 1001 kB",
       "SwapTotal: 0 kB", "SwapFree: 0 kB"},
      {"MemTotal: 1000 kB", "MemFree: 9 kB", "MemAvailable: 9 kB",
       "SwapTotal: 0 kB", "SwapFree: 1 kB"},
      {"MemTotal: 0 kB", "MemFree: 0 kB", "MemAvailable: 0 kB",
       "SwapTotal: 0 kB", "SwapFree: 0 kB"},
      {"MemTotal: 1000 kB", "MemFree: 9 kB", "MemAvailable: 9 kB",
       "SwapTotal: 0 kB", "SwapFree: 0 kB", "Hugetlb: 1001 kB"},
      {"MemTotal: 1000 kB", "MemFree: 500 kB", "Buffers: 400 kB",
       "Cached: 400 kB", "SwapTotal: 0 kB", "SwapFree: 0 kB"}};
  for (const auto& lines : absurd) {
    const auto reading = parse_meminfo(meminfo(lines));
    ASSERT_FALSE(reading) << meminfo(lines);
    EXPECT_EQ(reading.error().code, EBADMSG);
  }
}

TEST(ParseMeminfo, ClampsWhatStaysAbsurdToTheLeastFavourable) {
  const auto clamped = [](const std::vector<std::string>& lines) {
    const auto reading = parse_meminfo(meminfo(lines), Absurd::kClamped);
    return reading.value_or(PressureReading{});
  };
  // The huge pages of the host in a container (lxcfs).
  for (const char* huge : {"Hugetlb: 9000 kB", "Hugetlb: 995 kB"}) {
    const auto reading =
        clamped({"MemTotal: 1000 kB", "MemFree: 9 kB", "MemAvailable: 20 kB",
                 "SwapTotal: 0 kB", "SwapFree: 0 kB", huge});
    EXPECT_TRUE(reading.clamped);
    EXPECT_EQ(reading.mem_total_kib, 1000U);
    EXPECT_EQ(reading.mem_available_kib, 20U);
  }
  const auto available =
      clamped({"MemTotal: 1000 kB", "MemFree: 9 kB", "MemAvailable: 5000 kB",
               "Cached: 30 kB", "Shmem: 10 kB", "SwapTotal: 100 kB",
               "SwapFree: 18446744073709551360 kB"});
  EXPECT_EQ(available.mem_available_kib, 29U);
  EXPECT_EQ(available.swap_free_kib, 0U);
  EXPECT_EQ(clamped({"MemTotal: 1000 kB", "MemFree: 2000 kB", "SwapTotal: 5 kB",
                     "SwapFree: 6 kB"})
                .free_kib(),
            1005U);
  EXPECT_FALSE(parse_meminfo(meminfo({"MemTotal: 0 kB", "MemFree: 0 kB",
                                      "SwapTotal: 0 kB", "SwapFree: 0 kB"}),
                             Absurd::kClamped));
}

TEST(ParseMeminfo, BeforeHugetlbTheDefaultSizeCounts) {
  const auto reading = parse_meminfo(
      "MemTotal: 1000000 kB\nMemFree: 5000 kB\nMemAvailable: 6000 kB\n"
      "SwapTotal: 0 kB\nSwapFree: 0 kB\n"
      "HugePages_Total:     100\nHugepagesize:       2048 kB\n");
  ASSERT_TRUE(reading);
  EXPECT_EQ(reading->mem_total_kib, 1'000'000U - 100 * 2048);
}

TEST(ParseMeminfo, FailsWhereTheEstimateWouldWrap) {
  const auto reading = parse_meminfo(meminfo(
      {"MemTotal: 1000 kB", "MemFree: 9 kB", "Buffers: 18446744073709551360 kB",
       "Cached: 300 kB", "SwapTotal: 0 kB", "SwapFree: 0 kB"}));
  EXPECT_FALSE(reading);
}

TEST(ParseMeminfo, FailsWithoutALineItNeeds) {
  const std::vector<std::string> lines{"MemTotal: 1000 kB", "MemFree: 9 kB",
                                       "SwapTotal: 0 kB", "SwapFree: 0 kB"};
  ASSERT_TRUE(parse_meminfo(meminfo(lines)));
  for (std::size_t i = 0; i < lines.size(); ++i) {
    std::vector<std::string> less = lines;
    less.erase(less.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_FALSE(parse_meminfo(meminfo(less))) << lines[i];
  }
}

TEST(ParseMeminfo, FailsOnAValueThatIsNoNumber) {
  const std::string good = meminfo({"MemTotal: 1000 kB", "MemFree: 9 kB",
                                    "SwapTotal: 0 kB", "SwapFree: 0 kB"});
  for (const char* line :
       {"MemAvailable:", "MemAvailable: kB", "MemFree: -1 kB", "Shmem: x kB",
        "Cached: 99999999999999999999 kB"}) {
    EXPECT_FALSE(parse_meminfo(good + line + "\n")) << line;
  }
}

TEST(ParseMeminfo, FailsOnOtherTexts) {
  for (const char* text : {"", "\n", "MemTotal", "some avg10=0.00\n"}) {
    EXPECT_FALSE(parse_meminfo(text)) << text;
  }
}

TEST(ParsePsi, TakesBothLinesInHundredths) {
  PressureReading reading;
  ASSERT_TRUE(
      parse_psi("some avg10=41.27 avg60=28.90 avg300=9.04 total=61284113\n"
                "full avg10=100.00 avg60=0.01 avg300=0.00 total=0\n",
                reading));
  ASSERT_TRUE(reading.psi_some);
  EXPECT_EQ(reading.psi_some->avg10, 4127U);
  EXPECT_EQ(reading.psi_some->avg60, 2890U);
  EXPECT_EQ(reading.psi_some->avg300, 904U);
  EXPECT_EQ(reading.psi_some->total_us, 61'284'113U);
  ASSERT_TRUE(reading.psi_full);
  EXPECT_EQ(reading.psi_full->avg10, 10'000U);
  EXPECT_EQ(reading.psi_full->avg60, 1U);
}

TEST(ParsePsi, WithoutAFullLineThatIsUnknown) {
  PressureReading reading;
  ASSERT_TRUE(
      parse_psi("some avg10=0.00 avg60=0.00 avg300=0.00 total=5", reading));
  EXPECT_TRUE(reading.psi_some);
  EXPECT_FALSE(reading.psi_full);
}

TEST(ParsePsi, LeavesTheRestOfTheReading) {
  PressureReading reading{.mem_total_kib = 7, .psi_some = {}, .psi_full = {}};
  ASSERT_TRUE(
      parse_psi("some avg10=0.00 avg60=0.00 avg300=0.00 total=5\n", reading));
  EXPECT_EQ(reading.mem_total_kib, 7U);
}

TEST(ParsePsi, FailsOnWhatNoKernelWrites) {
  for (const std::string_view text :
       {"", "\n", "some", "full avg10=0.00 avg60=0.00 avg300=0.00 total=0\n",
        "half avg10=0.00 avg60=0.00 avg300=0.00 total=0\n",
        "some avg10=0. avg60=0.00 avg300=0.00 total=0\n",
        "some avg10=0.000 avg60=0.00 avg300=0.00 total=0\n",
        "some avg10=-1.00 avg60=0.00 avg300=0.00 total=0\n",
        "some avg10=101.00 avg60=0.00 avg300=0.00 total=0\n",
        "some avg60=0.00 avg10=0.00 avg300=0.00 total=0\n",
        "some avg10=0.00 avg60=0.00 avg300=0.00 total=\n",
        "some avg10=0.00 avg60=0.00 avg300=0.00\n",
        "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\nnonsense\n"}) {
    PressureReading reading;
    const auto parsed = parse_psi(text, reading);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, EBADMSG);
  }
}

TEST(ParseVmCounters, CountsEachHugePageAsAllOfItsPages) {
  const VmCounters counters = parse_vm_counters(
      "nr_free_pages 7\npgfault 100\npgmajfault 90\nthp_fault_alloc 2\n"
      "thp_fault_alloc_other 50\nthp_collapse_alloc 1\noom_kill 3\n",
      4096);
  EXPECT_EQ(counters.oom_kills, 3U);
  EXPECT_EQ(counters.faulted_kib, 100U * 4 + 3U * 2048);
  const VmCounters large =
      parse_vm_counters("pgfault 100\nthp_fault_alloc 2\n", 65536);
  EXPECT_EQ(large.faulted_kib, 100U * 64 + 2U * 512 * 1024);
}

TEST(ParseVmCounters, SwappedPagesAreAllThatWentOutOrCameBack) {
  EXPECT_EQ(parse_vm_counters("pswpin 1\npswpout 20\nzswpin 300\n"
                              "zswpout 4000\nzswpwb 50000\n",
                              4096)
                .swapped_pages,
            4321U);
  // Without zswap, and without swap.
  EXPECT_EQ(parse_vm_counters("pswpin 1\npswpout 20\n", 4096).swapped_pages,
            21U);
}

TEST(ParseVmCounters, WhatTheKernelDoesNotCountIsNotKnown) {
  const VmCounters counters = parse_vm_counters("pgmajfault 90\n", 4096);
  EXPECT_EQ(counters.swapped_pages, 0U);
  EXPECT_FALSE(counters.oom_kills);
  EXPECT_FALSE(counters.faulted_kib);
}

}  // namespace
}  // namespace badnessd
