// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/config/text.h"

#include <gtest/gtest.h>

namespace badnessd {
namespace {

TEST(Text, EscapedKeepsPrintableUtf8) {
  EXPECT_EQ(escaped("par)en été 東京"), "par)en été 東京");
}

TEST(Text, EscapedDoublesTheBackslashSoThatItIsReversible) {
  EXPECT_EQ(escaped(R"(a\x0a)"), R"(a\\x0a)");
}

TEST(Text, EscapedShowsControlAndTerminalSequences) {
  EXPECT_EQ(escaped("a\nb\x1b[31m\x7f"), R"(a\x0ab\x1b[31m\x7f)");
  EXPECT_EQ(escaped("\xc2\x9b"), R"(\xc2\x9b)");  // CSI as one character
}

TEST(Text, EscapedShowsWhatTurnsOrHidesText) {
  EXPECT_EQ(escaped("\u202eabc\u202c"), R"(\xe2\x80\xaeabc\xe2\x80\xac)");
  EXPECT_EQ(escaped("a\u200bb"), R"(a\xe2\x80\x8bb)");
}

TEST(Text, EscapedShowsInvalidUtf8ByteByByte) {
  EXPECT_EQ(escaped("\xff\xc3("), R"(\xff\xc3()");
  EXPECT_EQ(escaped("\xc0\xaf"), R"(\xc0\xaf)");          // overlong
  EXPECT_EQ(escaped("\xed\xa0\x80"), R"(\xed\xa0\x80)");  // a surrogate
  EXPECT_EQ(escaped("\xf0\x9f\x98"), R"(\xf0\x9f\x98)");  // cut off
}

TEST(Text, SizesHaveTheUnitThatFits) {
  EXPECT_EQ(size_text(0), "0");
  EXPECT_EQ(size_text(1023), "1023 KiB");
  EXPECT_EQ(size_text(1024), "1.0 MiB");
  EXPECT_EQ(size_text(Kib{99} * 1024 + 512), "99.5 MiB");
  EXPECT_EQ(size_text(Kib{100} * 1024), "100 MiB");
  EXPECT_EQ(size_text(Kib{3} << 30), "3.0 TiB");
}

TEST(Text, PercentsShowNoMoreDecimalsThanTheyHave) {
  EXPECT_EQ(percent_text(500), "5 %");
  EXPECT_EQ(percent_text(250), "2.5 %");
  EXPECT_EQ(percent_text(1005, "%"), "10.05%");
}

TEST(Text, DurationsHaveTwoUnitsFromAnHourOn) {
  EXPECT_EQ(duration_text(59), "59 s");
  EXPECT_EQ(duration_text(60), "1 min");
  EXPECT_EQ(duration_text(3600), "1 h 00 min");
  EXPECT_EQ(duration_text(90061), "1 d 01 h");
}

TEST(Text, ListsAreSplitAtCommasAndTrimmed) {
  EXPECT_EQ(split_list("5%, 1GiB"),
            (std::vector<std::string_view>{"5%", "1GiB"}));
  EXPECT_EQ(split_list(""), (std::vector<std::string_view>{""}));
  EXPECT_EQ(split_list("a,,"), (std::vector<std::string_view>{"a", "", ""}));
}

TEST(Text, WrappedLinesStayBelow81ColumnsAndLoseNothing) {
  const std::string text =
      wrapped(std::string(30, 'a') + " " + std::string(40, 'b') + " " +
                  std::string(9, 'c'),
              "# ");
  EXPECT_EQ(text, "# " + std::string(30, 'a') + " " + std::string(40, 'b') +
                      "\n# " + std::string(9, 'c') + "\n");
}

TEST(Text, AWordLongerThanTheLineIsNotLost) {
  const std::string word(100, 'x');
  EXPECT_EQ(wrapped(word, ""), word + "\n");
}

std::vector<TableColumn> columns() {
  return {
      {.header = "N"}, {.header = "SPARE"}, {.header = "NAME", .left = true}};
}

TEST(Text, TablesAlignNumbersRightAndTextLeft) {
  EXPECT_EQ(
      render_table(columns(), {{"1", "a", "x"}, {"100", "bb", "été"}}, {}),
      "  N  SPARE  NAME\n"
      "  1      a  x\n"
      "100     bb  été\n");
}

TEST(Text, TheLastColumnIsCutWhereTheTerminalIsNarrow) {
  const std::string name(20, 'n');
  EXPECT_EQ(render_table(columns(), {{"1", "a", name}}, {.width = 22}),
            "N  SPARE  NAME\n1      a  " + std::string(11, 'n') + "…\n");
}

TEST(Text, ColourIsOnTheHeaderOnly) {
  EXPECT_EQ(render_table({{.header = "A"}}, {{"1"}}, {.colour = true}),
            "\033[1mA\033[0m\n1\n");
}

}  // namespace
}  // namespace badnessd
