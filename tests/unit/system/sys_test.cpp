// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/system/sys.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tree.h"

namespace badnessd {
namespace {

using test::dir;
using test::file;
using test::link;
using test::TempTree;

bool is_open(int fd) {
  return ::fcntl(fd, F_GETFD) >= 0;
}

UniqueFd open_root(const TempTree& tree) {
  auto fd = open_directory(AT_FDCWD, tree.path());
  return fd ? std::move(*fd) : UniqueFd();
}

TEST(Vanished, MeansGoneAndNothingElse) {
  EXPECT_TRUE(vanished(Error{ENOENT, ""}));
  EXPECT_TRUE(vanished(Error{ESRCH, ""}));
  for (const int code : {0, EACCES, EPERM, EIO, EBADMSG, EISDIR, ENODATA}) {
    EXPECT_FALSE(vanished(Error{code, ""})) << code;
  }
}

TEST(UniqueFd, ClosesWhatItOwns) {
  const int raw = ::dup(0);
  ASSERT_GE(raw, 0);
  {
    const UniqueFd fd(raw);
    EXPECT_TRUE(fd.valid());
    EXPECT_TRUE(is_open(raw));
  }
  EXPECT_FALSE(is_open(raw));
}

TEST(UniqueFd, MovesItsDescriptor) {
  const int raw = ::dup(0);
  UniqueFd first(raw);
  UniqueFd second(std::move(first));
  EXPECT_EQ(second.get(), raw);
  UniqueFd third;
  EXPECT_FALSE(third.valid());
  third = std::move(second);
  EXPECT_EQ(third.get(), raw);
  EXPECT_TRUE(is_open(raw));
}

TEST(UniqueFd, AssignmentClosesTheOldOneInTheEnd) {
  const int old_raw = ::dup(0);
  const int new_raw = ::dup(0);
  {
    UniqueFd fd(old_raw);
    fd = UniqueFd(new_raw);
    EXPECT_EQ(fd.get(), new_raw);
    EXPECT_FALSE(is_open(old_raw));
  }
  EXPECT_FALSE(is_open(new_raw));
}

TEST(OpenDirectory, OpensOnlyDirectoriesAndNotForChildren) {
  const TempTree tree({file("file", ""), dir("sub", {file("inner", "x")})});
  const UniqueFd root = open_root(tree);
  ASSERT_TRUE(root.valid());
  EXPECT_EQ(::fcntl(root.get(), F_GETFD), FD_CLOEXEC);
  EXPECT_TRUE(open_directory(root.get(), "sub"));
  EXPECT_EQ(open_directory(root.get(), "file").error().code, ENOTDIR);
  EXPECT_EQ(open_directory(root.get(), "none").error().code, ENOENT);
}

TEST(ReplaceFile, AReaderOfTheOldOneReadsOn) {
  const TempTree tree({file("a", "old")});
  ASSERT_EQ(::link(tree.path("a").c_str(), tree.path("kept").c_str()), 0);
  EXPECT_TRUE(replace_file(tree.path("a"), "new"));
  EXPECT_EQ(test::contents_of(tree.path("a")), "new");
  EXPECT_EQ(test::contents_of(tree.path("kept")), "old");
  EXPECT_NE(::access(tree.path("a.new").c_str(), F_OK), 0);
}

TEST(ReplaceFile, FollowsNoLinkAndWaitsForNoPipe) {
  const TempTree tree({file("other", "theirs"), link("a.new", "other")});
  EXPECT_TRUE(replace_file(tree.path("a"), "text"));
  EXPECT_EQ(test::contents_of(tree.path("other")), "theirs");
  EXPECT_EQ(test::contents_of(tree.path("a")), "text");
  ASSERT_EQ(::mkfifo(tree.path("b.new").c_str(), 0600), 0);
  EXPECT_TRUE(replace_file(tree.path("b"), "text"));
  EXPECT_EQ(test::contents_of(tree.path("b")), "text");
}

TEST(ReplaceFile, IsForAllOnlyIfAsked) {
  const TempTree tree({});
  const auto mode_of = [&](bool for_all) {
    EXPECT_TRUE(replace_file(tree.path("a"), "text", for_all));
    struct stat status {};
    EXPECT_EQ(::stat(tree.path("a").c_str(), &status), 0);
    return status.st_mode & 0777U;
  };
  const mode_t before = ::umask(0027);
  EXPECT_EQ(mode_of(false), 0640U);
  EXPECT_EQ(mode_of(true), 0644U);
  ::umask(before);
}

TEST(ReplaceFile, LeavesNothingWhereItFails) {
  const TempTree tree({dir("a", {file("b", "")})});
  EXPECT_EQ(replace_file(tree.path("no/a"), "text").error().code, ENOENT);
  EXPECT_EQ(replace_file(tree.path("a"), "text").error().code, EISDIR);
  EXPECT_NE(::access(tree.path("a.new").c_str(), F_OK), 0);
}

TEST(PidPath, IsBelowTheProcess) {
  PidPath path;
  EXPECT_STREQ(path.of(1, "stat"), "1/stat");
  EXPECT_STREQ(path.of(4194304, "ns/user"), "4194304/ns/user");
  EXPECT_STREQ(path.of_thread(7, 4194304, "children"),
               "7/task/4194304/children");
}

TEST(PidPath, DoesNotOverrunOnTheLongestNames) {
  PidPath path;
  const std::int32_t longest = std::numeric_limits<std::int32_t>::min();
  const std::string name(500, 'x');
  EXPECT_LT(std::string(path.of(longest, name)).size(), 96U);
  EXPECT_LT(std::string(path.of_thread(longest, longest, name)).size(), 96U);
}

TEST(FileReader, ReadsWholeFiles) {
  const TempTree tree({file("line", "one\n"), file("bare", "no newline"),
                       file("empty", ""), file("lines", "a\nb\n\nc")});
  const UniqueFd root = open_root(tree);
  FileReader reader;
  EXPECT_EQ(reader.read(root.get(), "line"), "one\n");
  EXPECT_EQ(reader.read(root.get(), "bare"), "no newline");
  EXPECT_EQ(reader.read(root.get(), "empty"), "");
  EXPECT_EQ(reader.read(root.get(), "lines"), "a\nb\n\nc");
}

TEST(FileReader, ReadsFilesLargerThanItsBuffer) {
  // Around the first buffer's size, with and without a newline at its end.
  const TempTree tree({});
  const UniqueFd root = open_root(tree);
  for (const std::size_t size : {65535U, 65536U, 65537U, 131072U, 300000U}) {
    for (const char end : {'\n', 'x'}) {
      std::string text(size, 'a');
      text.back() = end;
      tree.write("file", text);
      FileReader reader;
      const auto read = reader.read(root.get(), "file");
      ASSERT_TRUE(read);
      EXPECT_TRUE(*read == text) << size;
    }
  }
}

TEST(FileReader, ReadsOnWhereAFullBufferEndsInANewline) {
  std::string text(65536, 'a');
  text.back() = '\n';
  text += "more\n";
  const TempTree tree({file("file", text)});
  const UniqueFd root = open_root(tree);
  FileReader reader;
  EXPECT_TRUE(reader.read(root.get(), "file") == text);
}

// The kernel hands out a file of many records in pieces of whole lines, of up
// to a page.
TEST(FileReader, ReadsAFileOfManyRecordsToItsEnd) {
  constexpr std::size_t kPages = 400;
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  void* const area = ::mmap(nullptr, kPages * page, PROT_NONE,
                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(area, MAP_FAILED);
  // Every other page is a mapping of its own, and so a record.
  for (std::size_t i = 0; i < kPages; i += 2) {
    ASSERT_EQ(::mprotect(static_cast<char*>(area) + i * page, page, PROT_READ),
              0);
  }
  FileReader reader;
  const auto text = reader.read(AT_FDCWD, "/proc/self/maps");
  ASSERT_TRUE(text);
  EXPECT_GE(std::count(text->begin(), text->end(), '\n'),
            static_cast<std::ptrdiff_t>(kPages));
  ::munmap(area, kPages * page);
}

TEST(FileReader, RefusesMoreThanFourMebibytes) {
  const TempTree tree({file("file", "")});
  const UniqueFd root = open_root(tree);
  FileReader reader;
  ASSERT_EQ(::truncate(tree.path("file").c_str(), 4L * 1024 * 1024 + 1), 0);
  const auto read = reader.read(root.get(), "file");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, EFBIG);
}

TEST(FileReader, FailsWithTheErrnoOfOpenOrRead) {
  const TempTree tree({dir("sub", {file("x", "y")})});
  const UniqueFd root = open_root(tree);
  FileReader reader;
  EXPECT_EQ(reader.read(root.get(), "none").error().code, ENOENT);
  EXPECT_EQ(reader.read(root.get(), "sub/x/y").error().code, ENOTDIR);
  // Opening a directory succeeds, reading does not, not even as root.
  EXPECT_EQ(reader.read(root.get(), "sub").error().code, EISDIR);
}

TEST(FileReader, ALaterFileDoesNotShowAnEarlierOne) {
  const TempTree tree({file("long", "0123456789"), file("short", "ab")});
  const UniqueFd root = open_root(tree);
  FileReader reader;
  ASSERT_TRUE(reader.read(root.get(), "long"));
  EXPECT_EQ(reader.read(root.get(), "short"), "ab");
}

TEST(FileReader, ReadsAgainFromTheStartAndOpensAnewAfterAFailure) {
  const TempTree tree({file("file", "one\n")});
  const UniqueFd root = open_root(tree);
  FileReader reader;
  UniqueFd kept;
  EXPECT_EQ(reader.read_again(kept, root.get(), "file"), "one\n");
  tree.write("file", "other\n");
  EXPECT_EQ(reader.read_again(kept, root.get(), "file"), "other\n");
  kept = open_root(tree);  // a directory cannot be read
  EXPECT_EQ(reader.read_again(kept, root.get(), "file").error().code, EISDIR);
  EXPECT_EQ(reader.read_again(kept, root.get(), "file"), "other\n");
}

TEST(FileReader, LeavesNoDescriptorOpen) {
  const TempTree tree({file("file", "x"), dir("sub", {})});
  const UniqueFd root = open_root(tree);
  const UniqueFd before(::dup(0));
  FileReader reader;
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(reader.read(root.get(), "file"));
    ASSERT_FALSE(reader.read(root.get(), "sub"));
  }
  const UniqueFd after(::dup(0));
  EXPECT_EQ(after.get(), before.get() + 1);
}

std::vector<std::int32_t> numbers_in(const UniqueFd& directory,
                                     DirectoryReader& reader) {
  std::vector<std::int32_t> numbers;
  const auto listed = reader.for_each_number(
      directory.get(),
      [&](std::int32_t number, std::uint64_t) { numbers.push_back(number); });
  EXPECT_TRUE(listed);
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

using Numbers = std::vector<std::int32_t>;

TEST(DirectoryReader, ListsOnlyNumbersThatCanBePids) {
  const TempTree tree({dir("1", {}), dir("4194304", {}), file("2147483647", ""),
                       dir("2147483648", {}), dir("99999999999999999999", {}),
                       dir("12a", {}), dir("a12", {}), dir("-5", {}),
                       dir("+5", {}), dir("0", {}), dir("self", {}),
                       dir(" 6", {})});
  DirectoryReader reader;
  EXPECT_EQ(numbers_in(open_root(tree), reader),
            (Numbers{1, 4194304, 2147483647}));
}

TEST(DirectoryReader, ListsDirectoriesOfMoreThanOneRead) {
  std::vector<test::Entry> entries;
  Numbers expected;
  for (std::int32_t i = 1; i <= 3000; ++i) {
    entries.push_back(file(std::to_string(i), ""));
    expected.push_back(i);
  }
  const TempTree tree(entries);
  DirectoryReader reader;
  EXPECT_EQ(numbers_in(open_root(tree), reader), expected);
}

TEST(DirectoryReader, BeginsAnewEachTime) {
  const TempTree tree({dir("1", {})});
  const UniqueFd root = open_root(tree);
  DirectoryReader reader;
  EXPECT_EQ(numbers_in(root, reader), Numbers{1});
  tree.write("2", "");
  EXPECT_EQ(numbers_in(root, reader), (Numbers{1, 2}));
}

TEST(DirectoryReader, FailsOnWhatIsNoDirectory) {
  const TempTree tree({file("file", "x")});
  const UniqueFd fd(::open(tree.path("file").c_str(), O_RDONLY | O_CLOEXEC));
  DirectoryReader reader;
  const auto listed =
      reader.for_each_number(fd.get(), [](std::int32_t, std::uint64_t) {});
  ASSERT_FALSE(listed);
  EXPECT_EQ(listed.error().code, ENOTDIR);
  EXPECT_FALSE(reader.for_each_number(-1, [](std::int32_t, std::uint64_t) {}));
}

}  // namespace
}  // namespace badnessd
