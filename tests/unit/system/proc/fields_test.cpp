// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/system/proc/fields.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace badnessd {
namespace {

using Words = std::vector<std::string>;
using Pairs = std::vector<std::pair<std::string, std::string>>;

Words words_of(std::string_view text) {
  Words words;
  for (std::string_view word = take_word(text); !word.empty();
       word = take_word(text)) {
    words.emplace_back(word);
  }
  EXPECT_EQ(text, "");
  return words;
}

Pairs fields_of(std::string_view text) {
  Pairs pairs;
  std::string_view key;
  std::string_view value;
  while (take_field(text, key, value)) {
    pairs.emplace_back(key, value);
  }
  EXPECT_EQ(text, "");
  return pairs;
}

TEST(TakeWord, SeparatesAtAnyBlanks) {
  EXPECT_EQ(words_of("12  kB\t7\n8"), (Words{"12", "kB", "7", "8"}));
  EXPECT_EQ(words_of("  leading and trailing \n"),
            (Words{"leading", "and", "trailing"}));
}

TEST(TakeWord, OfNothingOrBlanksIsEmpty) {
  EXPECT_EQ(words_of(""), Words{});
  EXPECT_EQ(words_of(" \t\n \n"), Words{});
}

TEST(TakeWord, LeavesWhatFollows) {
  std::string_view rest = "a b c";
  EXPECT_EQ(take_word(rest), "a");
  EXPECT_EQ(rest, " b c");
}

TEST(TakeField, SplitsLinesAtTheFirstColon) {
  EXPECT_EQ(fields_of("Uid:\t0\t0\nName:\ta:b\n"),
            (Pairs{{"Uid", "\t0\t0"}, {"Name", "\ta:b"}}));
}

TEST(TakeField, SkipsLinesWithoutAColon) {
  EXPECT_EQ(fields_of("header\n\nA:1\nnothing\nB:2\nlast"),
            (Pairs{{"A", "1"}, {"B", "2"}}));
}

TEST(TakeField, LastLineNeedsNoNewline) {
  EXPECT_EQ(fields_of("A:1"), (Pairs{{"A", "1"}}));
}

TEST(TakeField, KeyAndValueMayBeEmpty) {
  EXPECT_EQ(fields_of(":\nA:\n"), (Pairs{{"", ""}, {"A", ""}}));
}

TEST(TakeField, OfNothingIsTheEnd) {
  EXPECT_EQ(fields_of(""), Pairs{});
  EXPECT_EQ(fields_of("\n\n"), Pairs{});
}

TEST(ToNumber, TakesTheWholeWordOrNothing) {
  std::uint32_t value = 0;
  EXPECT_TRUE(to_number("4294967295", value));
  EXPECT_EQ(value, 4294967295U);
  for (const char* word :
       {"", "4294967296", "-1", "+1", " 1", "1 ", "1k", "0x1", "1.0"}) {
    EXPECT_FALSE(to_number(word, value)) << word;
  }
}

TEST(ToNumber, InBaseSixteen) {
  std::uint64_t value = 0;
  EXPECT_TRUE(to_number("000001fffeffffff", value, 16));
  EXPECT_EQ(value, 0x1fffeffffffU);
  EXPECT_FALSE(to_number("1fffffffffffffffff", value, 16));
}

TEST(ToNumber, SignedTakesAMinus) {
  int value = 0;
  EXPECT_TRUE(to_number("-17", value));
  EXPECT_EQ(value, -17);
}

TEST(ToNumber, DoesNotReadBeyondTheWord) {
  const std::string_view text = "123456";
  int value = 0;
  EXPECT_TRUE(to_number(text.substr(0, 3), value));
  EXPECT_EQ(value, 123);
}

TEST(ToHundredths, TakesTwoDecimalsAtMost) {
  for (const auto& [word, expected] :
       {std::pair("0", 0U), std::pair("12.34", 1234U), std::pair("12.3", 1230U),
        std::pair("12.03", 1203U), std::pair("100.00", 10'000U)}) {
    std::uint32_t value = 1;
    EXPECT_TRUE(to_hundredths(word, value)) << word;
    EXPECT_EQ(value, expected) << word;
  }
  for (const char* word : {"", ".", "1.", ".5", "1.234", "101", "-1", "1.-1",
                           "1.+1", "1,5", "1.5 ", "4294967297"}) {
    std::uint32_t value = 1;
    EXPECT_FALSE(to_hundredths(word, value)) << word;
  }
}

TEST(TakeNumber, TakesAWordThatIsOne) {
  std::string_view rest = "  42 x";
  int value = 0;
  EXPECT_TRUE(take_number(rest, value));
  EXPECT_EQ(value, 42);
  EXPECT_FALSE(take_number(rest, value));
  EXPECT_FALSE(take_number(rest, value));
}

}  // namespace
}  // namespace badnessd
