// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/engine/glob.h"

#include <fnmatch.h>

#include <random>
#include <string>

#include <gtest/gtest.h>

namespace badnessd {
namespace {

bool matches(std::string_view pattern, std::string_view text) {
  const auto glob = Glob::parse(pattern);
  EXPECT_TRUE(glob) << pattern;
  return glob && glob->matches(text);
}

TEST(Glob, TheWholeTextMustMatch) {
  EXPECT_TRUE(matches("java", "java"));
  EXPECT_FALSE(matches("java", "javac"));
  EXPECT_FALSE(matches("java", "ajava"));
  EXPECT_FALSE(matches("java", ""));
  EXPECT_TRUE(matches("*", ""));
}

TEST(Glob, AStarIsAnyTextSlashesToo) {
  EXPECT_TRUE(
      matches("/usr/*/postgres", "/usr/lib/postgresql/15/bin/postgres"));
  EXPECT_TRUE(matches("*-Dapp=x*", "java -Xmx2g -Dapp=x -jar a.jar"));
  EXPECT_FALSE(matches("*-Dapp=x", "java -Dapp=xy"));
  EXPECT_TRUE(matches("a*b*c", "aXbYbZc"));
}

TEST(Glob, SetsAndEscapes) {
  EXPECT_TRUE(matches("cc[0-9]", "cc1"));
  EXPECT_FALSE(matches("cc[!0-9]", "cc1"));
  EXPECT_TRUE(matches("[]a]", "]"));
  EXPECT_TRUE(matches("\\*", "*"));
  EXPECT_FALSE(matches("\\*", "x"));
  EXPECT_TRUE(matches("a\\,b", "a,b"));
}

TEST(Glob, BytesOfAnyKindAreBytes) {
  const std::string text("\x00\xff\n\x80", 4);
  EXPECT_TRUE(matches("????", text));
  EXPECT_TRUE(matches("*\n*", text));
}

TEST(Glob, WhatIsNotCompleteIsNone) {
  for (const char* pattern : {"", "[", "[a", "[]", "[!", "a\\", "[a-"}) {
    EXPECT_FALSE(Glob::parse(pattern)) << pattern;
  }
}

TEST(Glob, LengthHasALimit) {
  const std::string longest(Glob::kMaxLength, 'a');
  EXPECT_TRUE(matches(longest, longest));
  EXPECT_FALSE(matches(longest, longest + "a"));
  EXPECT_TRUE(matches("*" + longest + "*", "b" + longest + "b"));
  EXPECT_FALSE(Glob::parse(longest + "a"));
}

// fnmatch(3) without flags means the same.
TEST(Glob, AgreesWithTheSystems) {
  constexpr int kCases = 300'000;
  const std::string pattern_bytes = "ab*?[]!-\\^c";
  const std::string text_bytes = "abc]!-\\^";
  std::mt19937 engine(1);
  const auto random_text = [&](const std::string& bytes, std::size_t longest) {
    std::string text;
    for (std::size_t size = engine() % longest; size > 0; --size) {
      text += bytes[engine() % bytes.size()];
    }
    return text;
  };
  int matched = 0;
  for (int i = 0; i < kCases; ++i) {
    const std::string pattern = random_text(pattern_bytes, 9);
    const std::string text = random_text(text_bytes, 9);
    if (const auto glob = Glob::parse(pattern)) {
      const bool expected = ::fnmatch(pattern.c_str(), text.c_str(), 0) == 0;
      ASSERT_EQ(glob->matches(text), expected) << pattern << " on " << text;
      matched += expected ? 1 : 0;
    }
  }
  EXPECT_GT(matched, kCases / 100);
}

// A matcher that tries every way would not end here before the sun does.
TEST(Glob, HostilePatternsOnHostileTextsEnd) {
  std::string pattern;
  for (int i = 0; i < 120; ++i) {
    pattern += "*a";
  }
  const std::string text(2UL << 20, 'a');
  EXPECT_TRUE(matches(pattern, text));
  EXPECT_FALSE(matches(pattern + "b", text));
}

TEST(Glob, KnowsItsFixedBeginningAndItsShortestText) {
  const auto glob = Glob::parse("user.slice/user-?*.slice");
  ASSERT_TRUE(glob);
  EXPECT_EQ(glob->fixed_prefix(), "user.slice/user-");
  EXPECT_EQ(glob->shortest(), 23U);
  EXPECT_EQ(Glob::parse("a\\*b")->fixed_prefix(), "a*b");
}

}  // namespace
}  // namespace badnessd
