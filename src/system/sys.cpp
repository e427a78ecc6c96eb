// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/system/sys.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

namespace badnessd {
namespace {

// status of a process in 65,536 groups is 700 KiB; a list of children of the
// largest possible pid_max is larger, but no real one is.
constexpr std::size_t kFirstCapacity = 64UL * 1024;
constexpr std::size_t kMaxFile = 4UL * 1024 * 1024;

// The record of getdents64(2); glibc does not declare it.
struct DirentHeader {
  std::uint64_t inode;
  std::int64_t offset;
  std::uint16_t length;
  std::uint8_t type;
};
constexpr std::size_t kNameOffset = 19;

}  // namespace

std::string environment(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : value;
}

std::uint64_t monotonic_us() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000 +
         static_cast<std::uint64_t>(now.tv_nsec) / 1000;
}

bool vanished(const Error& error) noexcept {
  return error.code == ENOENT || error.code == ESRCH;
}

UniqueFd& UniqueFd::operator=(UniqueFd&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

UniqueFd::~UniqueFd() {
  if (fd_ >= 0) {
    ::close(fd_);
  }
}

UniqueFd copy_of(int fd) noexcept {
  return UniqueFd(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
}

Expected<UniqueFd> open_directory(int dirfd, const char* path) {
  UniqueFd fd(::openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) {
    return tl::unexpected(Error{errno, "open directory"});
  }
  return fd;
}

Expected<void> replace_file(const std::string& path, std::string_view text,
                            bool for_all) {
  constexpr mode_t kAll = 0644;
  const std::string temporary = path + ".new";
  ::unlink(temporary.c_str());  // of a writer that was killed
  const UniqueFd fd(
      ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kAll));
  const auto written = [&] {
    errno = ENOSPC;  // of a write that falls short
    return ::write(fd.get(), text.data(), text.size()) ==
           static_cast<ssize_t>(text.size());
  };
  if (fd.valid() && (!for_all || ::fchmod(fd.get(), kAll) == 0) && written() &&
      std::rename(temporary.c_str(), path.c_str()) == 0) {
    return {};
  }
  const int code = errno;
  if (fd.valid()) {
    ::unlink(temporary.c_str());
  }
  return tl::unexpected(Error{code, "replace a file"});
}

char* PidPath::put(char* out, std::int32_t number, std::string_view rest) {
  char* end = buffer_.data() + buffer_.size();
  out = std::to_chars(out, end, number).ptr;
  *out++ = '/';
  out += rest.copy(out, static_cast<std::size_t>(end - out) - 1);
  *out = '\0';
  return out;
}

const char* PidPath::of(std::int32_t pid, std::string_view file) {
  put(buffer_.data(), pid, file);
  return buffer_.data();
}

const char* PidPath::of_thread(std::int32_t pid, std::int32_t tid,
                               std::string_view file) {
  put(put(buffer_.data(), pid, "task/"), tid, file);
  return buffer_.data();
}

FileReader::FileReader() : buffer_(kFirstCapacity) {}

Expected<std::string_view> FileReader::read(int dirfd, const char* path) {
  const auto text = read_first(dirfd, path, kMaxFile);
  if (text && text->size() == kMaxFile) {
    return tl::unexpected(Error{EFBIG, "read"});
  }
  return text;
}

Expected<std::string_view> FileReader::read_first(int dirfd, const char* path,
                                                  std::size_t limit) {
  UniqueFd file;
  return read_kept(file, dirfd, path, limit);
}

Expected<std::string_view> FileReader::read_again(UniqueFd& file, int dirfd,
                                                  const char* path) {
  return read_kept(file, dirfd, path, kMaxFile);
}

Expected<std::string_view> FileReader::read_kept(UniqueFd& file, int dirfd,
                                                 const char* path,
                                                 std::size_t limit) {
  if (!file.valid()) {
    file = UniqueFd(::openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY));
  }
  if (!file.valid()) {
    return tl::unexpected(Error{errno, "open"});
  }
  std::size_t size = 0;
  for (;;) {
    if (size >= limit) {
      return std::string_view(buffer_.data(), limit);
    }
    if (size == buffer_.size()) {
      buffer_.resize(size * 2);
    }
    const ssize_t n = ::pread(file.get(), buffer_.data() + size,
                              buffer_.size() - size, static_cast<off_t>(size));
    if (n < 0 && errno == EINTR) {
      continue;
    }
    if (n < 0) {
      const Error error{errno, "read"};
      file = UniqueFd();
      return tl::unexpected(error);
    }
    size += static_cast<std::size_t>(n);
    // A file of many records (cgroup.procs, vmstat) comes in pieces of whole
    // lines, so that only a read of nothing is the end: 0.2 us more a file.
    if (n == 0) {
      return std::string_view(buffer_.data(), size);
    }
  }
}

DirectoryReader::DirectoryReader() : buffer_(kFirstCapacity) {}

Expected<void> DirectoryReader::seek(int dirfd, std::int64_t offset) {
  if (::lseek(dirfd, offset, SEEK_SET) != offset) {
    return tl::unexpected(Error{errno, "seek directory"});
  }
  return {};
}

Expected<std::size_t> DirectoryReader::fill(int dirfd, std::size_t chunk) {
  const auto n = ::syscall(SYS_getdents64, dirfd, buffer_.data(), chunk);
  if (n < 0) {
    return tl::unexpected(Error{errno, "read directory"});
  }
  return static_cast<std::size_t>(n);
}

DirectoryReader::Entry DirectoryReader::next(std::size_t& offset) const {
  const char* entry = buffer_.data() + offset;
  DirentHeader header{};
  std::memcpy(&header, entry, kNameOffset);
  offset += header.length;
  const std::string_view name(entry + kNameOffset);
  std::int32_t number = 0;
  const auto [end, code] =
      std::from_chars(name.data(), name.data() + name.size(), number);
  const bool whole = code == std::errc() && end == name.data() + name.size();
  return {.name = name,
          .number = whole ? number : 0,
          .inode = header.inode,
          .offset = header.offset,
          .directory = header.type == DT_DIR};
}

}  // namespace badnessd
