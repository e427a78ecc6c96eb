// SPDX-License-Identifier: GPL-2.0-only
// What is said to the service manager and to the journal: datagrams, sent
// without waiting. One that cannot go is dropped and counted; a stalled
// receiver must never hold up the loop.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "badnessd/system/sys.h"

namespace badnessd {

// A Unix datagram socket that is connected to one address.
class DatagramSocket {
 public:
  // No address, or nobody there: every send is dropped.
  DatagramSocket() = default;
  // `path` as systemd gives it; an '@' in front is an abstract address.
  explicit DatagramSocket(std::string_view path);

  [[nodiscard]] bool connected() const noexcept { return fd_.valid(); }
  // Sends the parts as one datagram. False if it was dropped.
  bool send(std::span<const std::string_view> parts) noexcept;
  [[nodiscard]] std::uint64_t dropped() const noexcept { return dropped_; }

 private:
  UniqueFd fd_;
  std::uint64_t dropped_ = 0;
};

// The service manager, sd_notify(3): "READY=1", "WATCHDOG=1", "STATUS=…".
class ServiceManager {
 public:
  // `socket_path` is $NOTIFY_SOCKET, empty without a service manager.
  explicit ServiceManager(std::string_view socket_path)
      : socket_(socket_path) {}

  [[nodiscard]] bool present() const noexcept { return socket_.connected(); }
  void notify(std::string_view state) noexcept;

 private:
  DatagramSocket socket_;
};

// One field of a structured entry. The value may hold any byte.
struct JournalField {
  std::string_view name;  // A-Z, 0-9 and _
  std::string_view value;
};

// The journal's native protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL).
class Journal {
 public:
  explicit Journal(std::string_view socket_path) : socket_(socket_path) {}

  [[nodiscard]] bool present() const noexcept { return socket_.connected(); }
  bool send(std::span<const JournalField> fields);
  [[nodiscard]] std::uint64_t dropped() const noexcept {
    return socket_.dropped();
  }

 private:
  DatagramSocket socket_;
};

// Where journald listens.
inline constexpr std::string_view kJournalSocket =
    "/run/systemd/journal/socket";

// Whether `fd` is the stream that systemd connected to the journal.
// `journal_stream` is $JOURNAL_STREAM, "device:inode" (systemd.exec(5)), which
// children inherit even where their output goes elsewhere.
[[nodiscard]] bool is_journal_stream(int fd, std::string_view journal_stream);

// Writes to a descriptor that others may share (standard error): what would
// have to wait is dropped and counted. systemd connects it to the journal,
// whose stalled receiver would block a plain write.
class LooseWriter {
 public:
  explicit LooseWriter(int fd) noexcept : fd_(fd) {}

  bool write(std::string_view text) noexcept;
  [[nodiscard]] std::uint64_t dropped() const noexcept { return dropped_; }

 private:
  int fd_;
  std::uint64_t dropped_ = 0;
};

}  // namespace badnessd
