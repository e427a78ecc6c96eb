// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/config/values.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <ctime>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tree.h"

namespace badnessd {
namespace {

constexpr int kNotAllowed = 77;

// Whether `text` is the user with this uid; none: it is no user.
bool is_user(const char* text, std::optional<std::uint32_t> uid) {
  const auto range = Codec<UserRange>::parse(text);
  return range ? uid && range->first == *uid && range->last == *uid : !uid;
}

// In a mount namespace with a user database of its own.
TEST(Values, AnyNameOfAUserIsOneAndANumberIsANameFirst) {
  const test::TempTree tree(
      {test::file("passwd",
                  "root:x:0:0::/:/bin/sh\n1000:x:1234:1::/:/bin/sh\n"
                  "2fast:x:1235:1::/:/bin/sh\na b:x:1236:1::/:/bin/sh\n")});
  const pid_t child = ::fork();
  if (child == 0) {
    if (::unshare(CLONE_NEWNS) != 0 ||
        ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount(tree.path("passwd").c_str(), "/etc/passwd", nullptr, MS_BIND,
                nullptr) != 0) {
      ::_exit(kNotAllowed);
    }
    ::_exit(is_user("1000", 1234) && is_user("2fast", 1235) &&
                    is_user("a b", 1236) && is_user("1001", 1001) &&
                    is_user("3fast", {}) && is_user("c d", {})
                ? 0
                : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  if (WEXITSTATUS(status) == kNotAllowed) {
    GTEST_SKIP() << "no mount namespace may be made here";
  }
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

std::optional<Amount> amount(std::string_view text) {
  return Codec<Amount>::parse(text);
}

TEST(Values, AmountsAreAPercentageASizeOrBoth) {
  EXPECT_EQ(amount("2.5%"), (Amount{.basis_points = 250, .kib = {}}));
  EXPECT_EQ(amount("512MiB"), (Amount{.basis_points = {}, .kib = 524288}));
  EXPECT_EQ(amount("0.05%, 2TiB"),
            (Amount{.basis_points = 5, .kib = Kib{2} << 30}));
  EXPECT_EQ(amount("0"), (Amount{.basis_points = {}, .kib = 0}));
}

TEST(Values, AmountsThatNobodyCanMeanAreRefused) {
  for (const std::string_view text :
       {"", "5", "%", "101%", "100.01%", "1.234%", "1.%", "-5%", "5 %", "5%,6%",
        "1GiB,2GiB", "1GB", "MiB", "5%,", ",", "18446744073709551615TiB",
        "1.5GiB", "0x10MiB", "nan%"}) {
    EXPECT_FALSE(amount(text)) << text;
  }
}

TEST(Values, PercentagesHaveARange) {
  using Share = Only<Percent, kBetween<1, 10'000>>;
  EXPECT_EQ(Share::parse("25%"), 2500U);
  EXPECT_FALSE(Share::parse("0%"));
  EXPECT_FALSE(Share::parse("25"));
}

TEST(Values, DurationsHaveAUnitAndARange) {
  using Duration = Codec<Micros>;
  using Short = Only<Duration, kBetween<1000, 1'000'000>>;
  EXPECT_EQ(Short::parse("250ms"), 250'000U);
  EXPECT_EQ(Duration::parse("1h"), 3'600'000'000U);
  EXPECT_FALSE(Short::parse("2s"));
  for (const std::string_view text : {"100", "s", "1 s", "-1s", "1.5s", ""}) {
    EXPECT_FALSE(Duration::parse(text)) << text;
  }
}

TEST(Values, FormatsAreWhatParseTakes) {
  for (const std::string_view text :
       {"5%", "2.5%,1GiB", "1025KiB", "0", "100%", "3TiB"}) {
    EXPECT_EQ(Codec<Amount>::format(*amount(text)), text);
  }
  EXPECT_EQ(OrAuto<Codec<Amount>>::format({}), "auto");
  EXPECT_EQ(Codec<Micros>::format(90'000'000), "90s");
  EXPECT_EQ(Codec<Micros>::format(1500'000), "1500ms");
  EXPECT_EQ(Codec<Micros>::format(7'200'000'000), "2h");
}

}  // namespace
}  // namespace badnessd
