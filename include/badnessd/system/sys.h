// SPDX-License-Identifier: GPL-2.0-only
// What the rest of this layer needs of the system: errors as values, owned
// descriptors, and reading of files and directories without allocation.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/expected.hpp>

namespace badnessd {

// An errno and what was being done, a string literal. Cheap enough for the path
// between decision and signal. EBADMSG: the text is not what proc(5) says.
struct Error {
  int code = 0;
  const char* what = "";
};

template <class T>
using Expected = tl::expected<T, Error>;

// The process is gone, which is a normal value and no fault: its directory, or
// the task behind an open file.
[[nodiscard]] bool vanished(const Error& error) noexcept;

// Owns a descriptor.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) noexcept : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept;
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  ~UniqueFd();

  [[nodiscard]] int get() const noexcept { return fd_; }
  [[nodiscard]] bool valid() const noexcept { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

[[nodiscard]] Expected<UniqueFd> open_directory(int dirfd, const char* path);

// "<pid>/<file>" or "<pid>/task/<tid>/<file>", relative to a proc root, without
// allocation. Valid until the next call.
class PidPath {
 public:
  [[nodiscard]] const char* of(std::int32_t pid, std::string_view file);
  [[nodiscard]] const char* of_thread(std::int32_t pid, std::int32_t tid,
                                      std::string_view file);

 private:
  std::array<char, 96> buffer_{};
};

// Reads small files into one buffer that is kept, so that only a file larger
// than any before it allocates.
class FileReader {
 public:
  // Room for `capacity` bytes at first; without it for any file of /proc.
  FileReader();
  explicit FileReader(std::size_t capacity) : buffer_(capacity) {}

  // The contents of `path` below `dirfd`, valid until the next call. Fails with
  // the errno of open or read, and EFBIG above 4 MiB.
  [[nodiscard]] Expected<std::string_view> read(int dirfd, const char* path);
  // No more than the first `limit` bytes of it.
  [[nodiscard]] Expected<std::string_view> read_first(int dirfd,
                                                      const char* path,
                                                      std::size_t limit);
  // As read(), but leaves it open in `file` for the next time: for what is read
  // again and again. After a failure it is opened anew.
  [[nodiscard]] Expected<std::string_view> read_again(UniqueFd& file, int dirfd,
                                                      const char* path);

 private:
  [[nodiscard]] Expected<std::string_view> read_open(int fd, std::size_t limit);

  std::vector<char> buffer_;
};

// Lists a directory into one buffer that is kept.
class DirectoryReader {
 public:
  struct Entry {
    std::string_view name;
    std::int32_t number = 0;  // that the name is; 0: it is none
    std::uint64_t inode = 0;
    bool directory = false;
  };

  DirectoryReader();
  explicit DirectoryReader(std::size_t capacity) : buffer_(capacity) {}

  // Calls `visit(entry)` for each, in the directory's order, from its start.
  template <class Visit>
  [[nodiscard]] Expected<void> for_each(int dirfd, Visit visit) {
    if (auto rewound = rewind(dirfd); !rewound) {
      return rewound;
    }
    for (;;) {
      const Expected<std::size_t> bytes = fill(dirfd);
      if (!bytes) {
        return tl::unexpected(bytes.error());
      }
      if (*bytes == 0) {
        return {};
      }
      std::size_t offset = 0;
      while (offset < *bytes) {
        visit(next(offset));
      }
    }
  }

  // Calls `visit(number, inode)` for those that are numbers: processes,
  // threads.
  template <class Visit>
  [[nodiscard]] Expected<void> for_each_number(int dirfd, Visit visit) {
    return for_each(dirfd, [&visit](const Entry& entry) {
      if (entry.number > 0) {
        visit(entry.number, entry.inode);
      }
    });
  }

 private:
  [[nodiscard]] static Expected<void> rewind(int dirfd);
  [[nodiscard]] Expected<std::size_t> fill(int dirfd);
  // The entry at `offset`; moves on.
  [[nodiscard]] Entry next(std::size_t& offset) const;

  std::vector<char> buffer_;
};

}  // namespace badnessd
