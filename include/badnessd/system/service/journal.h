// SPDX-License-Identifier: GPL-2.0-only
// Sends datagrams to the service manager and to the journal without blocking.
// A datagram that would block is dropped and counted, so that a stalled
// receiver never delays the loop.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "badnessd/system/sys.h"

namespace badnessd {

// A Unix datagram socket connected to one address, e.g. $NOTIFY_SOCKET for
// sd_notify(3): "READY=1", "WATCHDOG=1", "STATUS=…".
class DatagramSocket {
 public:
  // Not connected: drops every datagram.
  DatagramSocket() = default;
  // `path` has systemd's form; a leading '@' means an abstract address.
  explicit DatagramSocket(std::string_view path);

  [[nodiscard]] bool connected() const noexcept { return fd_.valid(); }
  // Sends the parts as one datagram. False if it was dropped.
  bool send(std::span<const std::string_view> parts) noexcept;
  bool send(std::string_view text) noexcept { return send({&text, 1}); }
  [[nodiscard]] std::uint64_t dropped() const noexcept { return dropped_; }

 private:
  UniqueFd fd_;
  std::uint64_t dropped_ = 0;
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

  bool send(std::span<const JournalField> fields);
  [[nodiscard]] std::uint64_t dropped() const noexcept {
    return socket_.dropped();
  }

 private:
  DatagramSocket socket_;
};

// The socket of journald.
inline constexpr std::string_view kJournalSocket =
    "/run/systemd/journal/socket";

// Whether `fd` is the stream that systemd connected to the journal.
// `journal_stream` is $JOURNAL_STREAM, "device:inode" (systemd.exec(5)).
// Children inherit it even if their output goes elsewhere.
[[nodiscard]] bool is_journal_stream(int fd, std::string_view journal_stream);

// Writes to a descriptor that other processes may share (standard error). Drops
// and counts a text that would block: systemd connects standard error to the
// journal, and a stalled journal blocks a plain write.
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
