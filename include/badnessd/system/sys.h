// SPDX-License-Identifier: GPL-2.0-only
// System primitives of this layer: errors as values, owned descriptors, reads
// of files and directories without allocation, and files replaced as a whole.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/expected.hpp>

namespace badnessd {

// An errno and the failed operation, a string literal. Cheap enough for the
// kill path. EBADMSG: the text does not have the form of proc(5).
struct Error {
  int code = 0;
  const char* what = "";
};

template <class T>
using Expected = tl::expected<T, Error>;

// The value of an environment variable; `otherwise` if it is not set. No thread
// changes the environment.
[[nodiscard]] std::string environment(const char* name,
                                      const char* otherwise = "");

// CLOCK_MONOTONIC in microseconds.
[[nodiscard]] std::uint64_t monotonic_us() noexcept;

// Whether the process is gone (ENOENT, ESRCH): its directory, or the task
// behind an open file. This is a normal result, not a fault.
[[nodiscard]] bool vanished(const Error& error) noexcept;

// The base of the two ports: neither copied nor moved.
class Port {
 public:
  Port() = default;
  Port(const Port&) = delete;
  Port& operator=(const Port&) = delete;
  Port(Port&&) = delete;
  Port& operator=(Port&&) = delete;
  virtual ~Port() = default;
};

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
// Another descriptor of the same file; invalid if there can be none.
[[nodiscard]] UniqueFd copy_of(int fd) noexcept;

// Replaces the file `path`: a reader never sees a part of it. The new one is
// written beside it as `path`.new, and never through a link. `for_all`: every
// user may read it, whatever the umask. Blocks as long as its disk does.
[[nodiscard]] Expected<void> replace_file(const std::string& path,
                                          std::string_view text,
                                          bool for_all = false);

// "<pid>/<file>" or "<pid>/task/<tid>/<file>", relative to a proc root, without
// allocation. Valid until the next call.
class PidPath {
 public:
  [[nodiscard]] const char* of(std::int32_t pid, std::string_view file);
  [[nodiscard]] const char* of_thread(std::int32_t pid, std::int32_t tid,
                                      std::string_view file);

 private:
  // "<number>/<rest>" at `out`; returns its end.
  char* put(char* out, std::int32_t number, std::string_view rest);

  std::array<char, 96> buffer_{};
};

// Reads small files into one reused buffer. Allocates only for a file that is
// larger than any before it.
class FileReader {
 public:
  // The initial size is `capacity` bytes; by default 64 KiB.
  FileReader();
  explicit FileReader(std::size_t capacity) : buffer_(capacity) {}

  // The contents of `path` below `dirfd`, valid until the next call. Fails with
  // the errno of open or read, and EFBIG above 4 MiB.
  [[nodiscard]] Expected<std::string_view> read(int dirfd, const char* path);
  // The first `limit` bytes at most.
  [[nodiscard]] Expected<std::string_view> read_first(int dirfd,
                                                      const char* path,
                                                      std::size_t limit);
  // As read(), but keeps the file open in `file` for the next call. After a
  // failure the next call opens it again.
  [[nodiscard]] Expected<std::string_view> read_again(UniqueFd& file, int dirfd,
                                                      const char* path);

 private:
  [[nodiscard]] Expected<std::string_view> read_kept(UniqueFd& file, int dirfd,
                                                     const char* path,
                                                     std::size_t limit);

  std::vector<char> buffer_;
};

// Lists a directory into one reused buffer.
class DirectoryReader {
 public:
  struct Entry {
    std::string_view name;
    std::int32_t number = 0;  // the name as a number; 0: not a number
    std::uint64_t inode = 0;
    std::int64_t offset = 0;  // of the next entry
    bool directory = false;
  };

  DirectoryReader();
  explicit DirectoryReader(std::size_t capacity) : buffer_(capacity) {}

  // Calls `visit(entry)` for each entry, in directory order, from the start.
  template <class Visit>
  [[nodiscard]] Expected<void> for_each(int dirfd, Visit visit) {
    return for_each_from(dirfd, 0, buffer_.size(), [&](const Entry& entry) {
      visit(entry);
      return true;
    });
  }

  // The same from the offset of an entry, until `visit` returns false. Reads
  // `chunk` bytes at a time.
  template <class Visit>
  [[nodiscard]] Expected<void> for_each_from(int dirfd, std::int64_t first,
                                             std::size_t chunk, Visit visit) {
    if (auto moved = seek(dirfd, first); !moved) {
      return moved;
    }
    for (;;) {
      const Expected<std::size_t> bytes = fill(dirfd, chunk);
      if (!bytes) {
        return tl::unexpected(bytes.error());
      }
      if (*bytes == 0) {
        return {};
      }
      std::size_t offset = 0;
      while (offset < *bytes) {
        if (!visit(next(offset))) {
          return {};
        }
      }
    }
  }

  // Calls `visit(number, inode)` for each entry whose name is a number, i.e. a
  // process or a thread.
  template <class Visit>
  [[nodiscard]] Expected<void> for_each_number(int dirfd, Visit visit) {
    return for_each(dirfd, [&visit](const Entry& entry) {
      if (entry.number > 0) {
        visit(entry.number, entry.inode);
      }
    });
  }

 private:
  [[nodiscard]] static Expected<void> seek(int dirfd, std::int64_t offset);
  [[nodiscard]] Expected<std::size_t> fill(int dirfd, std::size_t chunk);
  // Returns the entry at `offset` and advances `offset`.
  [[nodiscard]] Entry next(std::size_t& offset) const;

  std::vector<char> buffer_;
};

}  // namespace badnessd
